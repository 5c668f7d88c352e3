import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../config/text/duration.ts';
import { widthOf } from '../../config/text/text-width.ts';
import type { World } from '../world.ts';
import { wordLines } from '../wrap.ts';

/** What the groups of commands are planted in. */
export interface Tree {
  readonly program: Command;
  /** What a command does with its arguments and options, of which it takes all: a function that is loaded when it is called. */
  does<Given extends readonly unknown[]>(
    load: () => Promise<(...given: [...Given, World]) => Promise<number>>,
  ): (...given: [...Given, Command]) => Promise<void>;
  add(usage: string, summary: string, shown: readonly Example[]): Command;
  /** A command on a config. */
  addForConfig(name: string, summary: string, shown: readonly Example[]): Command;
  /** A command on one run. */
  addForRun(name: string, summary: string, shown: readonly Example[]): Command;
  /** Options belong to one command, so each gets its own. */
  json(): Option;
}

type Example = readonly [command: string, meaning: string];

export const CLUSTER = '--cluster <name>';
const CLUSTER_TEXT = 'cluster profile; `local` runs on this machine, with a stand-in for Slurm';
export const OF_CLUSTER = 'consider only runs of this cluster';
export const PENDING_LIMIT = '--pending-limit <time>';
export const PENDING_TEXT =
  'stop watching if the job is still pending after this time, such as 30m; the job stays queued; exit code 8';
export const RUN = 'run id or the start of one, job number, or run folder (default: the newest live run)';

/** `30m` as seconds. */
export function timeSpan(text: string): number {
  const seconds = parseDuration(text);
  if (seconds) return seconds;
  throw new InvalidArgumentError('Write it as 30m, 2h or 1d.');
}

/** Reads an option as a number, where its text has the form and the number is not too small or large. */
export function numberIn(
  form: RegExp,
  least: number,
  most: number,
  problem: string,
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (form.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(problem);
  };
}

/** The values of an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function treeOf(program: Command, world: World, exit: (code: number) => void): Tree {
  const add: Tree['add'] = (usage, summary, shown) =>
    program.command(usage).description(summary).addHelpText('after', examples(shown, world.columns));
  return {
    program,
    does:
      (load) =>
      async (...given) => {
        const command = await load();
        // commander hands over its own command last.
        const own = given.slice(0, -1) as unknown as Parameters<typeof command>;
        exit(await command(...own, world));
      },
    add,
    addForConfig: (name, summary, shown) =>
      add(name, summary, shown)
        .argument('<config>', "YAML file, or - for standard input; 'FILE[NAME]' is one of its variants")
        .option(CLUSTER, CLUSTER_TEXT)
        .option('--variant <name>', 'variants by name or pattern: mtp, low-*; may be repeated', collect)
        .option('--set <key=value>', 'change a key: decode.args.tp-size=8; may be repeated', collect)
        .option('--unset <key>', 'remove a key, before any is set; may be repeated', collect),
    addForRun: (name, summary, shown) =>
      add(name, summary, shown).argument('[run]', RUN).option(CLUSTER, OF_CLUSTER),
    json: () => new Option('--json', 'print JSON'),
  };
}

/** Each with its meaning behind it, or above it where a terminal of so many columns has no room for both. */
export function examples(shown: readonly Example[], columns: number): string {
  const width = Math.max(...shown.map(([command]) => command.length));
  const lines = shown.map(([command, meaning]) => `  dyn-slurm ${command.padEnd(width)}  # ${meaning}`);
  const fits = lines.every((line) => widthOf(line) <= columns);
  const apart = shown.flatMap(([command, meaning]) => [
    ...wordLines(meaning, columns - 4).map((line) => `  # ${line}`),
    `  dyn-slurm ${command}`,
  ]);
  return `\nExamples:\n${(fits ? lines : apart).join('\n')}\n`;
}
