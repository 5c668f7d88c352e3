import { join } from 'node:path/posix';
import { count } from '../../../config/text/plural.ts';
import { DynSlurmError } from '../../../errors.ts';
import type { Host } from '../../../host/host.ts';
import { pause } from '../../../host/pause.ts';
import { timeLimit } from '../../../host/time-limit.ts';
import type { World } from '../../world.ts';
import type { Chosen, Tool } from './choice.ts';
import type { Profiling } from './engine.ts';

/** How long a profile is: forward passes, or seconds. */
export type Span =
  | { readonly steps: number; readonly seconds?: undefined }
  | { readonly steps?: undefined; readonly seconds: number };

/**
 * What is usual where nothing else is said. Steps end by themselves, and bound what the profiler keeps in memory: 20 of them took an
 * engine under load 2.6 s, and 2 s of the same load blocked it for 19.5 s.
 */
const USUAL = { steps: 20, seconds: 10 } as const;

/** @throws DynSlurmError `usage` where steps are wanted of a profiler that does not count any */
export function spanOf(
  { tool, steps, seconds }: { readonly tool: Tool; readonly steps?: number; readonly seconds?: number },
  workers: readonly Chosen[],
): Span {
  const counts = tool === 'torch' && workers.every(({ profiler }) => profiler.kind === 'told');
  if (seconds !== undefined) return { seconds };
  if (counts) return { steps: steps ?? USUAL.steps };
  if (steps === undefined) return { seconds: USUAL.seconds };
  throw new DynSlurmError(
    'usage',
    `${tool === 'nsys' ? 'nsys' : 'this engine'} does not stop after a number of steps`,
    { hint: 'use --seconds' },
  );
}

/** Milliseconds that an engine has for its steps, and after which it gets requests of ours. */
const STEPS_LIMIT = 120_000;
const QUIET = 10_000;

interface Awaited {
  readonly host: Host;
  readonly going: readonly Profiling[];
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  readonly send: (why: string) => void;
}

/** Whether every engine came to its steps, and writes its traces; false where it has to be stopped. */
export async function awaitSteps(
  steps: number,
  { host, going, folder, signal, say, send }: Awaited,
): Promise<boolean> {
  const late = timeLimit(STEPS_LIMIT);
  const either = AbortSignal.any([signal, late]);
  for (let waited = 0; ; waited += EVERY) {
    const written = await Promise.all(going.map(({ worker }) => host.list(join(folder, worker.step))));
    if (written.every((files) => files.length > 0)) return true;
    if (waited >= QUIET) send(`fewer than ${count(steps, 'step')} after ${QUIET / 1000} s`);
    if (await pause(EVERY, either)) continue;
    if (late.aborted) say(`fewer than ${count(steps, 'step')} completed within ${STEPS_LIMIT / 1000} s`);
    return false;
  }
}

/** Milliseconds between two looks for traces. */
const EVERY = 500;

/** Always false: the engine has to be stopped. Ends early where it is interrupted. */
export async function countDown(
  seconds: number,
  { err }: Pick<World, 'err'>,
  signal: AbortSignal,
): Promise<false> {
  const every = 5;
  for (let left = seconds; left > 0; left -= every) {
    if (!(await pause(Math.min(every, left) * 1000, signal))) return false;
    if (left > every) err.write(`${Math.round(left - every)} s left\n`);
  }
  return false;
}

/** A name for the folder: `20251124-104512`, UTC, `20251124-104512-2` where there is one. */
export async function newFolder(host: Host, parent: string, time: Date): Promise<string> {
  const id = time.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const taken = (await host.list(parent)).filter((name) => name.startsWith(id)).length;
  return join(parent, taken === 0 ? id : `${id}-${taken + 1}`);
}
