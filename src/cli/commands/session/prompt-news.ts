import { DynSlurmError } from '../../../errors.ts';
import { watchRun } from '../../../observe/watch.ts';
import { readRunLog } from '../../../run/event-log.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import { advance, type RunState, stateAfter } from '../../../run/state.ts';
import { senderOf } from '../../runs/session/command.ts';
import type { Session } from '../../runs/session/lookup.ts';
import type { Sink } from '../../sink.ts';
import { eventText } from '../../views/event-text.ts';
import { writeLine } from '../../views/screen.ts';
import type { World } from '../../world.ts';
import { TROUBLE } from './steer.ts';

/** Tells at a session's prompt, and at once, what happens by itself and what others do from now on. */
export async function promptNews({ run, job, connection }: Session, world: World, out: Sink) {
  const { host } = connection;
  const over = new AbortController();
  const past = await readRunLog(host, run);
  let state = stateAfter(past.events);
  /** How many events of the log are told, or need not be. */
  let seen = past.events.length;
  let following = false;
  let quiet = false;

  const hear = (event: ObservedEvent, told = false): void => {
    const first = state.ready === undefined;
    state = advance(state, event);
    if (event.kind === 'verdict') over.abort();
    const own = event.kind === 'command' && event.from === senderOf(world);
    const news = NEWS.has(event.kind) || (event.kind === 'ready' && first);
    if (news && !told && !own) writeLine(eventText(event), new Date(event.time), { out });
  };
  const listen = async (): Promise<void> => {
    const signal = AbortSignal.any([world.signal, over.signal]);
    let index = 0;
    for await (const event of watchRun(connection, { dir: run.dir, jobId: job.jobId }, signal)) {
      if (event.kind === 'queue') continue;
      // The log has none that is inferred.
      if (event.kind === 'verdict' && event.inferred) hear(event);
      index += 1;
      if (quiet || index <= seen) continue;
      seen = index;
      hear(event);
    }
  };
  /** What goes wrong is said, and tried again after the next command. */
  const follow = (): void => {
    if (following || over.signal.aborted) return;
    following = true;
    listen()
      .catch((error: unknown) => {
        if (!(error instanceof DynSlurmError)) throw error;
        if (error.code !== 'interrupted') out.write(`${error.message}\n`);
      })
      .finally(() => {
        following = false;
      });
  };

  if (state.verdict) over.abort();
  follow();
  return {
    /** Aborted once the session has ended; `state` has its verdict then. */
    over: over.signal,
    state: (): RunState => state,
    /** A command begins, and the terminal is its own. */
    hush() {
      quiet = true;
    },
    /** The command has ended; what it has not told itself is told now. */
    async speak(verb: string) {
      const { events } = await readRunLog(host, run);
      quiet = false;
      for (const event of events.slice(seen)) hear(event, toldBy(verb, event));
      seen = Math.max(seen, events.length);
      follow();
    },
  };
}

const NEWS: ReadonlySet<ObservedEvent['kind']> = new Set([
  ...TROUBLE,
  'command',
  'step-stopped',
  'step-changed',
  'step-serving',
  'service-ready',
  'session-resumed',
  'teardown',
]);

function toldBy(verb: string, event: ObservedEvent): boolean {
  switch (verb) {
    case 'start':
    case 'restart':
    case 'watch':
      return event.kind !== 'command';
    case 'stop':
      return event.kind === 'step-stopped';
    case 'bench':
      return 'step' in event && event.step === 'bench';
    default:
      return verb === 'release';
  }
}
