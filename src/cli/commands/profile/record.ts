import { count } from '../../../config/text/plural.ts';
import type { NodeDialer } from '../../../observe/service/dialer.ts';
import type { EventOf } from '../../../run/events.ts';
import type { BenchTarget } from '../../runs/bench-target.ts';
import type { World } from '../../world.ts';
import { type Profiling, stopAll } from './engine.ts';
import { type MemoryBounds, memoryExceeded } from './memory.ts';
import { keepBusy } from './own-requests.ts';
import { awaitSteps, countDown, type Span } from './span.ts';

/** Requests of ours at a time, for each profiled worker. */
const REQUESTS_EACH = 2;

interface Recording {
  readonly target: BenchTarget;
  /** Workers that were told to start, some of which have refused. */
  readonly profiling: readonly Profiling[];
  /** Names of those that have no requests. */
  readonly idle: readonly string[];
  readonly span: Span;
  readonly folder: string;
  readonly ready: EventOf<'ready'>;
  readonly memory: MemoryBounds;
}

/**
 * Waits until the profile is over, be it because of its span, an interrupt or the memory of an engine, and stops those that do not stop
 * by themselves. Those without requests get some of ours, until `over`.
 */
export async function record(
  { target, profiling, idle, span, folder, ready, memory }: Recording,
  dialer: NodeDialer,
  world: World,
  over: AbortSignal,
): Promise<readonly Profiling[]> {
  const going = profiling.filter(({ started }) => started.done);
  const say = (text: string) => void world.err.write(`${text}\n`);
  let sends = false;
  const send = (why: string) => {
    if (sends || over.aborted || going.length === 0) return;
    sends = true;
    say(`${why}: short requests are sent to the service until the profile is over`);
    void keepBusy(ready, REQUESTS_EACH * going.length, dialer, over);
  };
  const stop = () => stopAll(dialer, profiling, () => send('engines stop only with a forward pass'));
  if (going.length === 0) return stop();
  const workers = going.map(({ worker }) => worker);
  const long = span.steps === undefined ? `${span.seconds} s` : count(span.steps, 'step');
  say(`profiling ${workers.map(({ step }) => step).join(', ')} for ${long}`);
  if (idle.length > 0) {
    const have = idle.length === 1 ? 'has' : 'have';
    send(`${idle.join(', ')} ${have} no requests, without which there is nothing to profile`);
  }
  const enough = new AbortController();
  void memoryExceeded(target, workers, memory, over).then((reason) => {
    if (reason === undefined || over.aborted) return;
    say(`the profile stops early: ${reason}`);
    enough.abort();
  });
  const signal = AbortSignal.any([world.signal, enough.signal]);
  const { host } = target.connection;
  const done =
    span.steps === undefined
      ? await countDown(span.seconds, world, signal)
      : await awaitSteps(span.steps, { host, going, folder, signal, say, send });
  return done ? profiling : stop();
}
