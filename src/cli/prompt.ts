import { join } from 'node:path';
import { DynSlurmError, EXIT } from '../errors.ts';
import { readOutline } from '../observe/outline.ts';
import { readRunLog } from '../observe/run-log.ts';
import { stateAfter } from '../observe/run-state.ts';
import { sessionState } from '../observe/session-state.ts';
import { splitWords } from './command-line.ts';
import { eventText } from './event-text.ts';
import { goesOn } from './session-hints.ts';
import { SESSION_VARIABLE, type Session } from './session-lookup.ts';
import { writeLine } from './view.ts';
import type { World } from './world.ts';

/** Runs a command line, as from a shell. */
export type RunCommand = (argv: readonly string[], world: World) => Promise<number>;

/** What the prompt takes. Commands on any run get this one's id; those of a session know it anyway. */
const COMMANDS: Readonly<Record<string, 'session' | 'run'>> = {
  workers: 'session',
  start: 'session',
  stop: 'session',
  restart: 'session',
  exec: 'session',
  shell: 'session',
  bench: 'session',
  release: 'session',
  logs: 'run',
  status: 'run',
  watch: 'run',
  forward: 'run',
};
const LEAVING = ['exit', 'quit'];

const HELP = `  workers                                what runs, and how it differs from the config
  restart WORKER... [--arg K=V] [--env K=V]  with changed arguments; K=null removes, --reset forgets
  start WORKER..., stop WORKER...        \`decode\` stands for all of that role, \`workers\` for all
  logs [WORKER] [-f]                     what they print
  exec NODE -- COMMAND, shell [NODE]     on a node, by its name or index
  bench [-- COMMAND]                     the config's benchmark, or a command, against the service
  status, watch, forward                 as for any run
  release                                ends the session, and its allocation
  exit                                   leaves the prompt; the session goes on
`;

/** Gives a prompt whose lines are the commands of the command line, until it is left or the session ends. */
export async function promptFor(session: Session, run: RunCommand, world: World): Promise<number> {
  const { readLines } = world;
  if (readLines === undefined) throw new Error('a prompt needs a terminal');
  const history = await readHistory(world);
  const names = await namesIn(session);
  const lines = readLines({ history, complete: (line) => candidates(line, names, session) });
  const news = await newsOf(session, world);
  world.err.write('\n`help` lists the commands; Ctrl-D leaves the prompt, and the session goes on\n');
  let told = false;
  while (!world.signal.aborted) {
    const code = await news(told);
    if (code !== undefined) return code;
    told = false;
    const line = await lines.read(`${session.run.id}> `);
    const [first, ...rest] = line === undefined ? ['exit'] : splitWords(line);
    if (first === undefined) continue;
    await writeHistory(history, world);
    if (LEAVING.includes(first)) break;
    if (first === 'help' || first === '?') world.out.write(HELP);
    else if (!Object.hasOwn(COMMANDS, first))
      world.err.write(`there is no command ${first} here; see \`help\`\n`);
    else {
      const words = COMMANDS[first] === 'run' ? [first, session.run.id, ...rest] : [first, ...rest];
      const ended = await obey(words, session, run, world);
      told = true;
      if (first === 'release' && ended === EXIT.ok) return EXIT.ok;
    }
  }
  world.err.write(`\n${goesOn(session)}`);
  return EXIT.ok;
}

/** One command; Ctrl-C ends it, and not the prompt. */
async function obey(
  words: readonly string[],
  session: Session,
  run: RunCommand,
  world: World,
): Promise<number> {
  const stop = new AbortController();
  const letGo = world.onInterrupt(() => stop.abort('SIGINT'));
  const env = { ...world.env, [SESSION_VARIABLE]: session.run.id };
  try {
    return await run(words, { ...world, env, signal: AbortSignal.any([world.signal, stop.signal]) });
  } catch (error) {
    if (!(error instanceof DynSlurmError)) {
      if (stop.signal.aborted) return EXIT.interrupted;
      throw error;
    }
    if (!stop.signal.aborted) {
      world.err.write(`${error.message}\n${error.hint === undefined ? '' : `  hint: ${error.hint}\n`}`);
    }
    return EXIT[error.code];
  } finally {
    letGo();
  }
}

/**
 * Says what happened by itself since the last time, unless a command has told it already; the exit code once the session
 * has ended.
 */
async function newsOf(
  { run, connection }: Session,
  world: World,
): Promise<(told: boolean) => Promise<number | undefined>> {
  let seen = (await readRunLog(connection.host, run)).events.length;
  return async (told) => {
    const { events } = await readRunLog(connection.host, run);
    for (const event of events.slice(seen)) {
      const isNews = event.kind === 'step-ended' || event.kind === 'session-resumed';
      if (isNews && !told) writeLine(eventText(event), new Date(event.time), { out: world.err });
    }
    seen = events.length;
    const { verdict } = stateAfter(events);
    if (verdict === undefined) return undefined;
    world.err.write(`the session has ended: ${verdict.reason}\n`);
    return verdict.outcome === 'failed' ? EXIT.jobFailed : EXIT.ok;
  };
}

async function namesIn({ run, connection }: Session): Promise<readonly string[]> {
  const { steps } = sessionState([], await readOutline(connection.host, run));
  const roles = steps.flatMap(({ role }) => role ?? []);
  return [...new Set([...steps.map(({ name }) => name), ...roles, 'workers'])];
}

function candidates(line: string, names: readonly string[], { job }: Session): readonly string[] {
  const [first = '', ...rest] = line.split(/\s+/);
  if (rest.length === 0) return [...Object.keys(COMMANDS), 'help', 'exit'];
  switch (first) {
    case 'start':
    case 'restart':
      return [...names, '--arg', '--env', '--reset', '--no-wait'];
    case 'stop':
    case 'logs':
      return names;
    case 'exec':
    case 'shell':
      return job.session.hosts;
    default:
      return [];
  }
}

function historyFile({ env, home }: World): string {
  return join(env.XDG_STATE_HOME || join(home, '.local/state'), 'dyn-slurm/history');
}

async function readHistory(world: World): Promise<string[]> {
  const text = await world.readFile(historyFile(world)).catch(() => '');
  return text.split('\n').filter(Boolean).reverse();
}

/** A home that cannot be written to is no reason not to go on. */
async function writeHistory(history: readonly string[], world: World): Promise<void> {
  const text = history.slice(0, 500).toReversed().join('\n');
  await world.writeFile(historyFile(world), `${text}\n`, 0o600).catch(() => {});
}
