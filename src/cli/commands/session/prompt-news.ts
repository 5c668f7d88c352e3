import { DynSlurmError } from '../../../errors.ts';
import { watchRun } from '../../../observe/watch.ts';
import { readRunLog } from '../../../run/event-log.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import { advance, NEW_RUN, type RunState, stateAfter } from '../../../run/state.ts';
import { senderOf } from '../../runs/session/command.ts';
import type { Session } from '../../runs/session/lookup.ts';
import type { Sink } from '../../sink.ts';
import { eventText } from '../../views/event-text.ts';
import { writeLine } from '../../views/screen.ts';
import type { World } from '../../world.ts';

/** Tells at a session's prompt, and at once, what happens by itself and what others do. */
export class PromptNews {
  readonly #session: Session;
  readonly #world: World;
  readonly #out: Sink;
  readonly #over = new AbortController();
  #state: RunState = NEW_RUN;
  /** How many events of the log are told, or need not be. */
  #seen = 0;
  #following = false;
  #quiet = false;

  constructor(session: Session, world: World, out: Sink) {
    this.#session = session;
    this.#world = world;
    this.#out = out;
  }

  /** Aborted once the session has ended; `state` has its verdict then. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get state(): RunState {
    return this.#state;
  }

  /** What is past is no news. */
  async begin(): Promise<void> {
    const { run, connection } = this.#session;
    const { events } = await readRunLog(connection.host, run);
    this.#seen = events.length;
    this.#state = stateAfter(events);
    if (this.#state.verdict) this.#over.abort();
    this.#follow();
  }

  /** A command begins, and the terminal is its own. */
  hush(): void {
    this.#quiet = true;
  }

  /** The command has ended; what it has not told itself is told now. */
  async speak(verb: string): Promise<void> {
    const { run, connection } = this.#session;
    const { events } = await readRunLog(connection.host, run);
    this.#quiet = false;
    for (const event of events.slice(this.#seen)) this.#hear(event, toldBy(verb, event));
    this.#seen = Math.max(this.#seen, events.length);
    this.#follow();
  }

  /** What goes wrong is said, and tried again after the next command. */
  #follow(): void {
    if (this.#following || this.over.aborted) return;
    this.#following = true;
    this.#listen()
      .catch((error: unknown) => {
        if (!(error instanceof DynSlurmError)) throw error;
        if (error.code !== 'interrupted') this.#out.write(`${error.message}\n`);
      })
      .finally(() => {
        this.#following = false;
      });
  }

  async #listen(): Promise<void> {
    const { run, job, connection } = this.#session;
    const signal = AbortSignal.any([this.#world.signal, this.over]);
    let index = 0;
    for await (const event of watchRun(connection, { dir: run.dir, jobId: job.jobId }, signal)) {
      if (event.kind === 'queue') continue;
      // The log has none that is inferred.
      if (event.kind === 'verdict' && event.inferred) this.#hear(event);
      index += 1;
      if (this.#quiet || index <= this.#seen) continue;
      this.#seen = index;
      this.#hear(event);
    }
  }

  #hear(event: ObservedEvent, told = false): void {
    const first = this.#state.ready === undefined;
    this.#state = advance(this.#state, event);
    if (event.kind === 'verdict') this.#over.abort();
    const own = event.kind === 'command' && event.from === senderOf(this.#world);
    const news = NEWS.has(event.kind) || (event.kind === 'ready' && first);
    if (news && !told && !own) writeLine(eventText(event), new Date(event.time), { out: this.#out });
  }
}

const NEWS: ReadonlySet<ObservedEvent['kind']> = new Set([
  'command',
  'step-stopped',
  'step-changed',
  'step-serving',
  'service-ready',
  'step-ended',
  'unregistered',
  'registered-again',
  'stalled',
  'answers-again',
  'warning',
  'session-resumed',
  'draining',
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
    case 'release':
      return true;
    default:
      return false;
  }
}
