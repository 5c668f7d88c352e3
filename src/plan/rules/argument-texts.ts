import notes from '../../config/compat/argument-notes.json' with { type: 'json' };
import {
  argumentNames,
  type EngineArgument,
  findArgument,
  isNewer,
  lifetime,
  newestRelease,
  otherReleasesWith,
  type Program,
  titleOf,
} from '../../config/compat/engine-table.ts';
import { flagText } from '../../config/compat/given-flags.ts';
import { compareReleases } from '../../config/compat/release.ts';
import { didYouMean, nearest } from '../../config/text/suggestion.ts';
import type { ArgumentReader } from './argument.ts';

type Said = readonly [message: string, hint?: string];

/** What replaces arguments that their last release does not name a replacement for, by program. */
const REPLACEMENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = notes.replacements;

/** Programs that read what an engine's own server takes beside it, by the engine's program. */
const SERVERS = notes.servers as Readonly<Record<string, Program['name']>>;

/** What is said of an argument that none of the programs has. */
export function unknownArgument(name: string, reader: ArgumentReader): Said {
  const { programs, engine } = reader;
  const [asked] = programs.slice(-1);
  const program = asked as Program;
  const none = `${programText(program)} has no argument ${flagText(name)}`;
  const other = engine?.counterparts[name];
  if (other) return [none, `it is an argument of ${other[0]}; ${engine?.title}'s counterpart is ${other[1]}`];
  const had = programs.find((one) => lifetime(one.name, name));
  if (had) return changed(had, name, reader.assumed && isEngines(had));
  const server = SERVERS[program.name];
  if (server && findArgument({ ...program, name: server }, name))
    return [none, `it is one of the server of ${titleOf(server)}, which Dynamo's frontend replaces`];
  const near = nearest(name, programs.flatMap(argumentNames));
  if (near !== undefined) return [`${none}; did you mean ${JSON.stringify(near)}?`];
  if (reader.ofFrontend && isEngines(program))
    return [none, reader.assumed ? `remove it, or ${OTHER_RELEASE}` : 'remove it'];
  const more = engine && isEngines(program) ? `, and engine.version for ${engine.title}` : '';
  return [none, `remove it, or name the releases in the image: dynamo.version${more}`];
}

/** Whether a program has the releases of an engine, or of its router, not Dynamo's. */
function isEngines({ name }: Program): boolean {
  return !name.startsWith('dynamo.');
}

/** What to do where the image has another release than the one that is taken for its own. */
export const OTHER_RELEASE = 'set engine.version to the release in the image';

/** The message about an argument that other releases of a program have. `assumed`: the config does not name the release. */
function changed(program: Program, name: string, assumed = false): Said {
  const { first, last, replacement } = lifetime(program.name, name) ?? {
    first: '',
    last: '',
    replacement: '',
  };
  const whose = titleOf(program.name);
  if (compareReleases(first, program.release) > 0)
    return [
      `${programText(program)} has no argument ${flagText(name)} yet`,
      `it was added in ${whose} ${first}${assumed ? `; ${OTHER_RELEASE}` : ''}`,
    ];
  const [instead = REPLACEMENTS[program.name]?.[name]] = replacement.split(' ').filter(Boolean);
  return [
    `${programText(program)} no longer has the argument ${flagText(name)}`,
    `${whose} ${last} was the last to accept it; ${instead ? `use ${instead} instead` : 'remove it'}${assumed ? `, or ${OTHER_RELEASE}` : ''}`,
  ];
}

/** What is said of a key that the value of an argument has not. */
export function unknownKey(program: Program, { name, keys = [] }: EngineArgument, key: string): Said {
  const message = `${programText(program)} has no key ${JSON.stringify(key)} in --${name}`;
  const hint = changeHint(program, key, otherReleasesWith(program, name, 'keys', key));
  return hint ? [message, hint] : [`${message}${didYouMean(nearest(key, keys))}`];
}

/** When a value or a key that a release refuses was taken, or will be. */
export function changeHint(
  program: Program,
  what: string,
  { before, after }: { readonly before: string | undefined; readonly after: string | undefined },
): string | undefined {
  if (before !== undefined) return `${titleOf(program.name)} ${before} was the last to accept ${what}`;
  return after && `${what} was added in ${titleOf(program.name)} ${after}`;
}

/** Programs that go by another name than that of their module or package. */
const NAMES: Readonly<Record<string, string>> = {
  'dynamo.frontend': 'the frontend',
  ...notes.names,
  ...Object.fromEntries(Object.values(SERVERS).map((server) => [server, 'the server'])),
};

/** A program in its release; for a release that is newer than the tables, the newest that they know. */
export function programText(program: Program): string {
  const { name } = program;
  const release = isNewer(program)
    ? `${newestRelease(name)}, the newest release that dyn-slurm knows,`
    : program.release;
  const text = `${titleOf(name)} ${release}`;
  return name.includes('.') ? `${NAMES[name] ?? name} of ${text}` : text;
}
