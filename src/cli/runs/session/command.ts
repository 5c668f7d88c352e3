import { join } from 'node:path/posix';
import { DynSlurmError } from '../../../errors.ts';
import { pause } from '../../../host/pause.ts';
import { merge } from '../../../observe/merge.ts';
import { followRunLog, readRunLog } from '../../../run/event-log.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import type { World } from '../../world.ts';
import { commandText, type Told } from './command-text.ts';
import { isSession, type Steered } from './lookup.ts';
import { keepSupervised, requireAllocation } from './supervisor.ts';

/** Milliseconds after which a command that nobody has taken makes one look for the supervisor. */
const UNHEARD = 4000;
/** Milliseconds between such looks while something else is waited for. */
const ATTENDED = 30_000;

/** Who gives commands: user, host and process. */
export function senderOf({ env, self }: World): string {
  const from = `${env.USER || env.LOGNAME || 'someone'}@${self.machine}, process ${self.pid}`;
  return from.replace(/[^\w@., -]/g, '_').slice(0, 200);
}

/** A command on its way. */
export interface Underway {
  /** Its answer has it too. */
  readonly id: string;
  /** What happens from the command on, until the abort or the verdict. */
  readonly events: AsyncIterable<ObservedEvent>;
}

/**
 * Gives a command to a run, as soon as its events are read. Where the supervisor of a session is gone, another one takes
 * over, and obeys; a job starts its own again. The reading throws DynSlurmError `usage` where the run refuses.
 */
export function tell(run: Steered, told: Told, world: World): Underway {
  // Commands are obeyed in the order of their names.
  const id = `${String(world.now().getTime()).padStart(14, '0')}-${world.randomHex(3)}`;
  return { id, events: give(id, run, told, world) };
}

async function* give(id: string, steered: Steered, told: Told, world: World): AsyncGenerator<ObservedEvent> {
  const { run, connection } = steered;
  const { host } = connection;
  const log = await readRunLog(host, run);
  const text = commandText(told, senderOf(world));
  await requireCommands(steered);
  await host.writeFiles(join(run.dir, 'commands'), new Map([[`${id}.command`, { text, mode: 0o600 }]]));

  const stop = new AbortController();
  const signal = AbortSignal.any([world.signal, stop.signal]);
  const progress = { taken: false, answered: false };
  const watch = keepHeard(steered, progress, { ...world, signal });
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

/** @throws DynSlurmError `usage` for a run of an earlier release. */
async function requireCommands({ run, connection: { host } }: Steered): Promise<void> {
  if ((await host.list(join(run.dir, 'runtime/lib'))).includes('commands.sh')) return;
  throw new DynSlurmError(
    'usage',
    `${run.id} was submitted by an earlier dyn-slurm, whose jobs accept no commands`,
    {
      hint: 'submit it again; `dyn-slurm bench --type builtin` measures it from here',
    },
  );
}

interface Progress {
  taken: boolean;
  answered: boolean;
}

/** Sees from time to time that the supervisor is there, and says what a person who waits should know. */
async function* keepHeard(run: Steered, progress: Progress, world: World): AsyncGenerator<string> {
  let said = false;
  while (await pause(progress.answered ? ATTENDED : UNHEARD, world.signal)) {
    if (isSession(run) && (await keepSupervised(run, world))) {
      yield `the supervisor of ${run.run.id} had ended; a new one has taken over`;
      continue;
    }
    if (!isSession(run)) await requireAllocation(run, world.signal);
    if (progress.taken || said) continue;
    said = true;
    yield 'waiting: the run is busy with an earlier command, or not ready yet';
  }
}
