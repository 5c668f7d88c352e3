import { join } from 'node:path/posix';
import type { Host } from '../host/host.ts';
import type { EventOf, QueueEvent } from '../run/events.ts';
import { parseEventLine } from '../run/events.ts';
import type { RunState } from '../run/state.ts';
import { wasCancelled } from './cancel-note.ts';
import { inferVerdict } from './inferred-verdict.ts';

/** Bytes at the end of job.log that hold the last events, which stand there, too. */
const LAST = 65_536;

/**
 * The verdict on a job that left the queue and whose events.jsonl has none. Where the run folder could not be written to
 * any more, the job's own may still be in job.log, which was open before; else it is inferred.
 */
export async function finalVerdict(
  host: Host,
  dir: string,
  state: RunState,
  queue: QueueEvent,
  now: Date,
): Promise<EventOf<'verdict'>> {
  // A job without a node has no log.
  const words = state.started && (await lastWords(host, join(dir, 'job.log')));
  if (words) return words;
  const verdict = inferVerdict(state, queue, now);
  // Slurm forgets a job that never ran within minutes, and without accounting nobody else knows of it.
  if (verdict.outcome !== 'unknown' || state.started || !(await wasCancelled(host, dir))) return verdict;
  return { ...verdict, outcome: 'cancelled', reason: 'cancelled in the queue by `dyn-slurm cancel`' };
}

/** The verdict that nothing follows: an attempt's, where the job has started again, is not the last word. */
async function lastWords(host: Host, path: string): Promise<EventOf<'verdict'> | undefined> {
  const { size = 0 } = (await host.read(path, 0, 1)) ?? {};
  const end = await host.read(path, Math.max(0, size - LAST), LAST);
  const events = new TextDecoder()
    .decode(end?.bytes)
    .split('\n')
    .filter((line) => line.startsWith('{"time":'))
    .map(parseEventLine);
  const last = events.at(-1);
  return last?.kind === 'verdict' ? last : undefined;
}
