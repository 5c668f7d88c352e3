import { readFileSync } from 'node:fs';
import type { StageEvent } from '../../src/run/log-event.ts';
import { eventsOf, type Submitted } from './product.ts';

/** How a service came up, in seconds. */
export interface Start {
  /** From the submission to the start of the job's script, of the worker's command, and to readiness. */
  readonly job: number | null;
  readonly worker: number | null;
  readonly ready: number | null;
  /** What each stage of a worker took, by its log: of the slowest worker. */
  readonly stages: Readonly<Record<string, number>>;
}

/** `watched`: what `watch --json` printed. */
export function startOf(run: Submitted, watched: string): Start {
  const events = eventsOf(run);
  const after = (time: string | undefined) =>
    time === undefined ? null : Math.round((Date.parse(time) - run.at) / 10) / 100;
  const stages: Record<string, number> = {};
  for (const line of readFileSync(watched, 'utf8').split('\n')) {
    if (!line.includes('"kind":"stage"')) continue;
    const event = JSON.parse(line) as StageEvent;
    if (event.state === 'done')
      stages[event.stage] = Math.max(stages[event.stage] ?? 0, Math.round(event.seconds * 10) / 10);
  }
  return {
    job: after(events.find(({ kind }) => kind === 'job-started')?.time),
    worker: after(events.find((event) => event.kind === 'step-started' && event.role !== undefined)?.time),
    ready: after(events.find(({ kind }) => kind === 'ready')?.time),
    stages,
  };
}
