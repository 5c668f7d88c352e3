import { readPlan } from '../../../run/plan-file.ts';
import { sessionState } from '../../../run/session-state.ts';
import { NEW_RUN } from '../../../run/state.ts';
import type { Session } from '../../runs/session/lookup.ts';

/** What the prompt takes. Commands on any run get this one's id; those of a session know it anyway. */
export const PROMPT_COMMANDS: Readonly<Record<string, 'session' | 'run'>> = {
  workers: 'session',
  start: 'session',
  stop: 'session',
  restart: 'session',
  exec: 'session',
  shell: 'session',
  bench: 'session',
  drain: 'session',
  release: 'session',
  logs: 'run',
  status: 'run',
  watch: 'run',
  forward: 'run',
};

export const LEAVING: readonly string[] = ['exit', 'quit'];

export const PROMPT_WORDS: readonly string[] = [...Object.keys(PROMPT_COMMANDS), 'help', ...LEAVING];

export const PROMPT_HELP = `  workers                           what runs, and how it differs from the config
  restart WORKER... [--arg K=V] [--env K=V]
                                    with changed arguments; K=null removes one, --reset forgets all
  start WORKER..., stop WORKER...   \`decode\` stands for all of that role, \`workers\` for all
  logs [WORKER] [-f]                what they print
  exec NODE -- COMMAND              on a node, by its name or index; --container: as a worker runs
  shell [NODE]                      likewise, the head node by default
  bench [-- COMMAND]                the config's benchmark, or a command, against the service
  status, watch, forward            as for any run
  drain                             ends the session once the requests under way are answered
  release                           ends the session, and an allocation that was taken for it
  exit                              leaves the prompt, as Ctrl-D does; the session goes on
  COMMAND --help                    all that a command takes
`;

/** The words by which steps can be named. */
export async function namesIn({ run, connection }: Session): Promise<readonly string[]> {
  const { steps } = sessionState(NEW_RUN, await readPlan(connection.host, run));
  const roles = steps.flatMap(({ role }) => role ?? []);
  return [...new Set([...steps.map(({ name }) => name), ...roles, 'workers'])];
}

/** What may stand instead of the word that a line ends with. */
export function candidates(line: string, names: readonly string[], { job }: Session): readonly string[] {
  const [first = '', ...rest] = line.trimStart().split(/\s+/);
  if (rest.length === 0) return PROMPT_WORDS;
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

/** Space; text in single, then in double quotes; a character after a backslash; anything else. */
const PARTS = /\s+|'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|[^\s'"\\]+|['"\\]/gs;

/** The words of a line, as a shell would split it: quotes and backslashes keep what they hold together. */
export function splitWords(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const [part, single, double, escaped] of `${line} `.matchAll(PARTS)) {
    if (!/^\s+$/.test(part))
      word = (word ?? '') + (single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? part);
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return words;
}
