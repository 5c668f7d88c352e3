import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFinished } from './job-record.ts';
import { jobDir, listDir, readJob, readJson, writeWhole } from './job-store.ts';
import type { Site } from './site.ts';

/** What another program asks of the one that keeps a job. */
export type Request =
  | { readonly kind: 'cancel'; readonly kill: boolean }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals; readonly to: SignalTarget }
  | { readonly kind: 'hold' }
  | { readonly kind: 'release' }
  /** salloc is done with the allocation. */
  | { readonly kind: 'relinquish' };

/** All of every step, the batch shell alone, both, or all of one step. */
export type SignalTarget = 'steps' | 'shell' | 'both' | number;

/** Resolves once the keeper has seen to it, or the job is over. */
export async function ask(site: Pick<Site, 'dir'>, job: number, request: Request): Promise<void> {
  const name = `${Date.now()}-${process.pid}-${Math.random().toString(36).slice(2)}.json`;
  const path = join(jobDir(site, job), 'requests', name);
  writeWhole(path, JSON.stringify(request));
  while (readJson(path) !== undefined) {
    const record = readJob(site, job);
    if (!record || (isFinished(record) && !record.completing)) break;
    await sleep(5);
  }
  rmSync(path, { force: true });
}

/** Takes the requests that are there, oldest first. */
export function takeRequests(site: Site, job: number, handle: (request: Request) => void): void {
  const dir = join(jobDir(site, job), 'requests');
  for (const name of listDir(dir)
    .filter((entry) => entry.endsWith('.json'))
    .sort()) {
    const request = readJson<Request>(join(dir, name));
    if (!request) continue;
    handle(request);
    rmSync(join(dir, name), { force: true });
  }
}
