import { copyFile, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processWorld, type World } from '../../../src/cli/world.ts';
import { type StubSlurm, stubSlurm } from '../stub-slurm.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/runs');
export const packageRoot = join(import.meta.dirname, '../../..');

/** 5:45, two minutes after the recorded runs began. */
export const NOW = new Date('2025-11-24T05:45:00.000Z');

export interface Site {
  readonly world: World;
  readonly stub: StubSlurm;
  /** Runs folder. */
  readonly root: string;
  out(): string;
  err(): string;
  readonly interrupt: AbortController;
}

/** A home without profiles, a runs folder, and Slurm as the test tells it. */
export async function site(answers: Parameters<typeof stubSlurm>[0] = {}): Promise<Site> {
  const home = await mkdtemp(join(tmpdir(), 'dyn-slurm-home-'));
  const root = join(home, 'dyn-slurm-runs');
  const stub = await stubSlurm(answers);
  const interrupt = new AbortController();
  const written: Record<'out' | 'err', string[]> = { out: [], err: [] };
  const sink = (parts: string[]) => ({ write: (text: string) => void parts.push(text) });
  const real = processWorld(process, packageRoot, interrupt.signal);
  const world: World = {
    ...real,
    self: { ...real.self, machine: 'login1' },
    env: { HOME: home, USER: 'ada', PATH: `${stub.bin}:/usr/bin:/bin` },
    home,
    cwd: home,
    isTTY: false,
    color: false,
    columns: 100,
    page: { width: Number.POSITIVE_INFINITY, color: false },
    now: () => NOW,
    out: sink(written.out),
    err: sink(written.err),
  };
  return { world, stub, root, out: () => written.out.join(''), err: () => written.err.join(''), interrupt };
}

export interface RunFacts {
  readonly id: string;
  /** A recorded run: `served`, `failed-at-start`, … */
  readonly events?: string;
  /** Only its events up to the first of this kind. */
  readonly until?: string;
  readonly jobId?: string;
  readonly cluster?: string;
  readonly submitted?: string;
  readonly logs?: Readonly<Record<string, string>>;
}

/** A run folder as a job leaves it; its path. */
export async function addRun(root: string, facts: RunFacts): Promise<string> {
  const {
    id,
    events,
    until,
    jobId,
    cluster = 'default',
    submitted = '2025-11-24T05:42:50.000Z',
    logs = {},
  } = facts;
  const dir = join(root, id);
  await mkdir(join(dir, 'logs'), { recursive: true });
  await writeFile(join(dir, 'job.sbatch'), '#!/bin/bash\n');
  await copyFile(join(fixtures, 'plan.json'), join(dir, 'plan.json'));
  if (jobId !== undefined)
    await writeFile(join(dir, 'job.json'), JSON.stringify({ jobId, cluster, submitted }));
  if (events !== undefined) {
    const all = await recordedEvents(events);
    const count =
      until === undefined ? all.length : 1 + all.findIndex((line) => line.includes(`"kind":"${until}"`));
    await writeFile(join(dir, 'events.jsonl'), `${all.slice(0, count).join('\n')}\n`);
  }
  for (const [name, text] of Object.entries(logs)) await writeFile(join(dir, name), text);
  return dir;
}

export async function recordedEvents(name: string): Promise<readonly string[]> {
  const text = await readFile(join(fixtures, `${name}.jsonl`), 'utf8');
  return text.trimEnd().split('\n');
}

/** The world with somebody who acts as soon as certain words appear on standard output, in this order. */
export function script(
  world: World,
  acts: readonly (readonly [written: string, act: () => unknown])[],
): World {
  const rest = [...acts];
  const write = (text: string) => {
    world.out.write(text);
    if (rest[0] && text.includes(rest[0][0])) rest.shift()?.[1]();
  };
  return { ...world, out: { write } };
}
