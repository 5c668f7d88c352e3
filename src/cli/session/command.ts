import { join } from 'node:path/posix';
import { DynSlurmError } from '../../errors.ts';
import { pause } from '../../host/pause.ts';
import { merge } from '../../observe/merge.ts';
import { followRunLog, readRunLog } from '../../run/event-log.ts';
import type { ObservedEvent } from '../../run/events.ts';
import type { World } from '../world.ts';
import type { Session } from './lookup.ts';
import { keepSupervised } from './supervisor.ts';

/** What a session's supervisor is told; templates/lib/session.sh reads it. */
export interface Told {
  readonly verb: 'start' | 'stop' | 'restart' | 'release';
  readonly steps: readonly ToldStep[];
}

export interface ToldStep {
  readonly name: string;
  /** Id of a folder in session/changes, or `none` for the config's command; without it the command stays. */
  readonly change?: string;
}

/** Milliseconds after which a command that nobody has taken makes one look for the supervisor. */
const UNHEARD = 4000;
/** Milliseconds between such looks while something else is waited for. */
const ATTENDED = 30_000;

/** The text of a command's file. Its last line says that it is whole. */
export function commandText({ verb, steps }: Told, from: string): string {
  const lines = steps.map(({ name, change }) => (change === undefined ? name : `${name} ${change}`));
  return [verb, from, ...lines, 'end', ''].join('\n');
}

/** Who gives commands: user, host and process. */
export function senderOf({ env, self }: World): string {
  const from = `${env.USER || env.LOGNAME || 'someone'}@${self.machine}, process ${self.pid}`;
  return from.replace(/[^\w@., -]/g, '_');
}

/** A command on its way. */
export interface Underway {
  /** Its answer has it too. */
  readonly id: string;
  /** What happens from the command on, until the abort or the verdict. */
  readonly events: AsyncIterable<ObservedEvent>;
}

/**
 * Gives a command to a session, as soon as its events are read. Where the supervisor is gone, another one takes over,
 * and obeys. The reading throws DynSlurmError `usage` where the session refuses.
 */
export function tell(session: Session, told: Told, world: World): Underway {
  // Commands are obeyed in the order of their names.
  const id = `${String(world.now().getTime()).padStart(14, '0')}-${world.randomHex(3)}`;
  return { id, events: give(id, session, told, world) };
}

async function* give(id: string, session: Session, told: Told, world: World): AsyncGenerator<ObservedEvent> {
  const { run, connection } = session;
  const { host } = connection;
  const log = await readRunLog(host, run);
  const text = commandText(told, senderOf(world));
  await host.writeFiles(join(run.dir, 'session'), new Map([[`${id}.command`, { text, mode: 0o600 }]]));

  const stop = new AbortController();
  const signal = AbortSignal.any([world.signal, stop.signal]);
  const progress = { taken: false, answered: false };
  const watch = keepHeard(session, progress, { ...world, signal });
  for await (const event of merge<ObservedEvent | string>(
    stop,
    followRunLog(host, run, log, signal),
    watch,
  )) {
    if (typeof event === 'string') {
      world.err.write(`${event}\n`);
      continue;
    }
    if (event.kind === 'command' && event.command === id) progress.taken = true;
    if (event.kind === 'answer' && event.command === id) {
      progress.answered = true;
      if (event.outcome === 'refused') throw new DynSlurmError('usage', event.reason);
    }
    yield event;
    if (event.kind === 'verdict') return;
  }
}

interface Progress {
  taken: boolean;
  answered: boolean;
}

/** Sees from time to time that the supervisor is there, and says what a person who waits should know. */
async function* keepHeard(session: Session, progress: Progress, world: World): AsyncGenerator<string> {
  let said = false;
  while (await pause(progress.answered ? ATTENDED : UNHEARD, world.signal)) {
    if (await keepSupervised(session, world)) {
      yield `the supervisor of ${session.run.id} was gone; another one has taken over`;
    } else if (!progress.taken && !said) {
      said = true;
      yield 'waiting: the session is busy with the command before this one, or still opening';
    }
  }
}
