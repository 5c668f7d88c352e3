import { join } from 'node:path';
import { nearest } from '../../../config/text/suggestion.ts';
import { DynSlurmError, EXIT, errorText } from '../../../errors.ts';
import { plainText } from '../../../host/plain-text.ts';
import type { RunState } from '../../../run/state.ts';
import { exitOfRun } from '../../runs/exit.ts';
import { stateFolder } from '../../runs/own-folders.ts';
import { SESSION_VARIABLE, type Session } from '../../runs/session/lookup.ts';
import { stillAllocated } from '../../runs/session/supervisor.ts';
import type { World } from '../../world.ts';
import { goesOn } from './hints.ts';
import { promptNews } from './prompt-news.ts';
import {
  candidates,
  LEAVING,
  namesIn,
  PROMPT_COMMANDS,
  PROMPT_HELP,
  PROMPT_WORDS,
  splitWords,
} from './prompt-words.ts';

/** Runs a command line, as from a shell. */
export type RunCommand = (argv: readonly string[], world: World) => Promise<number>;

/** Gives a prompt whose lines are the commands of the command line, until it is left or the session ends. */
export async function promptFor(session: Session, run: RunCommand, world: World): Promise<number> {
  const { readLines } = world;
  if (readLines === undefined) throw new Error('the prompt requires a terminal');
  const history = await readHistory(world);
  const names = await namesIn(session);
  const lines = readLines({ history, complete: (line) => candidates(line, names, session) });
  world.err.write('\n`help` lists the commands; Ctrl-D leaves the prompt; the session continues\n');
  const news = await promptNews(session, world, { write: (text) => lines.say(text) });
  const stop = AbortSignal.any([world.signal, news.over]);
  while (!stop.aborted) {
    const line = await lines.read(`${session.run.id}> `, stop);
    if (stop.aborted) break;
    const typed = line === undefined ? ['exit'] : splitWords(line);
    // Lines that other commands print, and that are pasted here, name their run themselves.
    const pasted = typed[0] === 'dyn-slurm';
    const [first, ...rest] = pasted ? typed.slice(1) : typed;
    if (first === undefined) continue;
    await writeHistory(history, world);
    if (LEAVING.includes(first)) break;
    if (first === 'help' || first === '?') world.out.write(PROMPT_HELP);
    else if (!Object.hasOwn(PROMPT_COMMANDS, first)) world.err.write(unknownCommand(first));
    else {
      const own = PROMPT_COMMANDS[first] === 'run' && !pasted ? [session.run.id] : [];
      const words = [first, ...own, ...rest];
      news.hush();
      const code = await obey(words, session, run, world);
      if ((first === 'release' || first === 'drain') && code === EXIT.ok) return EXIT.ok;
      await news.speak(first);
    }
  }
  if (news.over.aborted) return ended(session, news.state(), world);
  world.err.write(`\n${goesOn(session)}`);
  return world.signal.aborted ? EXIT.interrupted : EXIT.ok;
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
    if (!stop.signal.aborted) world.err.write(errorText(error));
    return EXIT[error.code];
  } finally {
    letGo();
  }
}

async function ended(session: Session, state: RunState, world: World): Promise<number> {
  const { reason = 'outcome unknown', outcome } = state.verdict ?? {};
  world.err.write(`the session has ended: ${plainText(reason)}\n`);
  // Else its supervisor is about to give it back.
  const left = outcome !== 'succeeded' && outcome !== 'timeout';
  if (left || session.job.session.allocation === 'borrowed')
    world.err.write(await stillAllocated(session, world));
  return exitOfRun(state);
}

function unknownCommand(word: string): string {
  const near = nearest(word, PROMPT_WORDS);
  return `there is no command ${word} here; ${near === undefined ? 'see `help`' : `did you mean ${near}?`}\n`;
}

function historyFile({ env, home }: World): string {
  return join(stateFolder({ env, home }), 'history');
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
