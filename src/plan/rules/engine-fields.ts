import notes from '../../config/compat/argument-notes.json' with { type: 'json' };
import {
  argumentNames,
  findArgument,
  isNewer,
  lifetime,
  type Program,
} from '../../config/compat/engine-table.ts';
import { compareReleases } from '../../config/compat/release.ts';
import { engineValueFault } from '../../config/rules/engine-value.ts';
import { didYouMean, nearest } from '../../config/text/suggestion.ts';
import { keyWarning, type Problem, warning } from '../../config/yaml/problem.ts';
import type { ConfigPath } from '../../config/yaml/source-range.ts';
import { OTHER_RELEASE, programText } from './argument-texts.ts';

const REPLACEMENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = notes.replacements;

/** The program whose file it is, and whether the config does not name its release. */
interface FileReader {
  readonly program: Program;
  readonly assumed: boolean;
}

/**
 * Keys that an engine does not have in the file of its arguments, and values that it refuses: it ends at once with
 * either. `place`: keys that lead to the map, each with a dot behind it.
 */
export function* checkFields(
  map: Readonly<Record<string, unknown>>,
  path: ConfigPath,
  reader: FileReader,
  place = '',
): Generator<Problem> {
  const known = keysIn(place, reader.program);
  if (known.length === 0 || known.includes('*')) return;
  for (const [key, value] of Object.entries(map)) {
    const name = key.replaceAll('-', '_');
    const at = [...path, key];
    if (known.includes(name)) yield* checkValue(value, at, reader, place + name);
    else yield keyWarning(at, ...unknownField(name, known, reader, place));
  }
}

/** Keys that a map may have in a release; none where the table knows none of it. */
function keysIn(place: string, program: Program): readonly string[] {
  return argumentNames(program)
    .filter((name) => name.startsWith(place))
    .map((name) => name.slice(place.length))
    .filter((key) => !key.includes('.'));
}

function* checkValue(value: unknown, path: ConfigPath, reader: FileReader, name: string): Generator<Problem> {
  const { program } = reader;
  if (isMap(value)) yield* checkFields(value, path, reader, `${name}.`);
  const field = findArgument(program, name);
  if (typeof value !== 'string' || !field?.choices || isNewer(program)) return;
  const fault = engineValueFault(field, value);
  if (fault) yield warning(path, `${programText(program)} refuses it: ${name} ${fault.message}`, fault.hint);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknownField(
  key: string,
  known: readonly string[],
  { program, assumed }: FileReader,
  place: string,
): readonly [message: string, hint?: string] {
  const where = place === '' ? '' : ` in ${place.slice(0, -1)}`;
  const message = `${programText(program)} has no key ${JSON.stringify(key)}${where}`;
  const replacement = REPLACEMENTS[program.name]?.[place + key];
  const life = lifetime(program.name, place + key);
  if (life && compareReleases(life.first, program.release) > 0)
    return [
      `${message} yet`,
      `${programText({ ...program, release: life.first })} has it${assumed ? `; ${OTHER_RELEASE}` : ''}`,
    ];
  const other = assumed ? `, or ${OTHER_RELEASE}` : '';
  const instead = `${replacement ? `use ${replacement} instead` : 'remove it'}${other}`;
  if (life) return [message, `${programText({ ...program, release: life.last })} still had it; ${instead}`];
  if (replacement) return [message, `earlier releases had it; ${instead}`];
  const near = nearest(key, known);
  const [elsewhere] = near === undefined ? placesOf(key, program) : [];
  return elsewhere === undefined
    ? [`${message}${didYouMean(near)}`]
    : [message, elsewhere === '' ? 'it belongs one level up' : `it is a key of ${elsewhere}`];
}

/** Maps that have a key, the outermost first: it may stand one level too high or too low. */
function placesOf(key: string, program: Program): readonly string[] {
  return argumentNames(program)
    .filter((name) => name === key || name.endsWith(`.${key}`))
    .map((name) => name.slice(0, -key.length).replace(/\.$/, ''))
    .toSorted((one, other) => one.length - other.length);
}
