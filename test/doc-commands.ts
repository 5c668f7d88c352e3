import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../src/cli/program.ts';
import { packageRoot, site } from './unit/cli/run-folder.ts';

/** A command line of dyn-slurm that somebody is told to type. */
export interface DocCommand {
  /** File and line, or the command whose help has it. */
  readonly from: string;
  /** As it is written, without `dyn-slurm` and what the shell makes of the rest. */
  readonly text: string;
  readonly argv: readonly string[];
}

/** What stands for something of the reader's, and what a test has in its place. */
const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  [/\[RUN\.\.\.\]|\bRUN\.\.\.|\bRUN…|\bRUN RUN\.\.\./g, 'dsr1-3fa29c dsr1-8c11d2'],
  [/\bOLD-RUN\b|\bOTHER-RUN\b/g, 'dsr1-8c11d2'],
  [/\bRUN\b/g, 'dsr1-3fa29c'],
  [/(?<=compare )A B\b/g, 'dsr1-3fa29c dsr1-8c11d2'],
  [/\bCONFIG\b/g, 'config.yaml'],
  [/(?<=--cluster )NAME\b/g, 'hopper'],
  [/(?<=topologies (\[)?)NAME\b/g, 'docs-dsr1-wideep-h100'],
  [/\bKEY\b/g, 'slurm.time'],
  [/\bDIR\b/g, 'job'],
  [/\b(STEP|WORKER)\b/g, 'decode-0'],
  [/(?<=--role )(R|ROLE)\b/g, 'decode'],
  [/(?<=--node )N\b/g, 'node2'],
  [/(?<=-n )N\b/g, '5'],
  [/(?<=--grep )P\b/g, 'error'],
  [/(?<=--since )T\b/g, '10m'],
  [/(?<=--retries )N\b/g, '2'],
  [/\bFILE\b/g, 'file.out'],
];

/** Every command line in the README and the docs. */
function docCommands(): readonly DocCommand[] {
  const docs = readdirSync(join(packageRoot, 'docs')).filter((name) => name.endsWith('.md'));
  const pages = ['README.md', ...docs.map((name) => join('docs', name))];
  return pages.flatMap((page) => commandsOf(page, readFileSync(join(packageRoot, page), 'utf8')));
}

/** Every example of a help text. */
function helpCommands(command: string, help: string): readonly DocCommand[] {
  const [, examples = ''] = help.split('\nExamples:\n');
  return examples
    .split('\n')
    .filter((line) => line.startsWith('  dyn-slurm '))
    .map((line) => commandOf(`${command} --help`, line.trim()));
}

function commandsOf(page: string, text: string): readonly DocCommand[] {
  const found: DocCommand[] = [];
  let inBlock = false;
  for (const [index, line] of text.split('\n').entries()) {
    const from = `${page}:${index + 1}`;
    if (line.startsWith('```')) inBlock = !inBlock;
    else if (inBlock) {
      const [, command] = /^(?:\$ )?(dyn-slurm .*)/.exec(line) ?? [];
      if (command !== undefined) found.push(commandOf(from, command));
    } else {
      for (const [, command = ''] of line.matchAll(/`(dyn-slurm [^`]+)`/g))
        found.push(commandOf(from, command));
    }
  }
  return found;
}

function commandOf(from: string, line: string): DocCommand {
  const text = line
    .replace(/\s+#.*$/, '')
    .replace(/^dyn-slurm /, '')
    .replace(/ (\||>|<) .*$/, '');
  const filled = PLACEHOLDERS.reduce((all, [pattern, value]) => all.replace(pattern, value), text);
  return { from, text, argv: wordsOf(filled.replace(/(?<=^|[\s[])\[|\](?=$|[\s\]])/g, '')) };
}

/** As a shell would, as far as the docs go: quotes, and no variables. */
function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, one, two, plain]) => one ?? two ?? plain ?? '',
  );
}

/** What has to be there for a command to do what it says, where files and recorded answers of Slurm are not enough. */
export type Scene = 'rehearsal' | 'session' | 'service' | 'watched' | 'engine';

const SCENES: Readonly<Record<string, Scene>> = {
  rehearse: 'rehearsal',
  allocate: 'session',
  attach: 'session',
  workers: 'session',
  restart: 'session',
  start: 'session',
  stop: 'session',
  exec: 'session',
  shell: 'session',
  drain: 'session',
  release: 'session',
  profile: 'service',
  forward: 'service',
  report: 'service',
};

/** Undefined where test/unit/docs/commands.test.ts types the line; else test/rehearsal/docs.test.ts does. */
export function sceneOf({ argv: [command = '', ...rest] }: DocCommand): Scene | undefined {
  // These need an engine, most also a GPU; the tests of project `engine` and `npm run test:gpu` type them.
  if (command === 'serve' || rest.includes('real') || rest.includes('cpu')) return 'engine';
  if (command === 'submit' && rest.some((word) => word === '--watch' || word === 'local')) return 'watched';
  if (command === 'bench' && rest.some((word) => /^--(type|resume)$|^--$/.test(word))) return 'service';
  return SCENES[command];
}

/** A command alone is the name of one, in the docs; in help it is an example. */
export const isMention = ({ from, argv }: DocCommand): boolean =>
  !from.endsWith('--help') && argv.length === 1;

async function help(...argv: string[]): Promise<string> {
  const place = await site();
  await run([...argv, '--help'], '0', { ...place.world, columns: 200 });
  return place.out();
}

/** Every command line of the README, the docs and help, and the names of all commands. */
export async function everyCommand(): Promise<{
  readonly names: readonly string[];
  readonly commands: readonly DocCommand[];
}> {
  const names = [...(await help()).matchAll(/^ {2}([a-z]+) (?=\[|<| )/gm)].map(([, name = '']) => name);
  const commands = docCommands().slice();
  for (const name of ['', ...names.filter((each) => each !== 'help')])
    commands.push(...helpCommands(name, await help(...(name ? [name] : []))));
  return { names, commands };
}
