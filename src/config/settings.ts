import { EXPANDING } from './variants.ts';
import type { Diagnostic } from './yaml/diagnostic.ts';
import { mapOf, type PathKey, readKeyPath } from './yaml/key-path.ts';
import type { Layer, SourceFile } from './yaml/parse.ts';
import type { Fault } from './yaml/problem.ts';
import { type ConfigPath, pathText, type RangeOf, rangesIn } from './yaml/source-range.ts';
import { readText } from './yaml/syntax.ts';
import type { ConfigScalar, ConfigValue } from './yaml/tree.ts';
import { TreeReader } from './yaml/tree-reader.ts';

/** What a command line changes of a config. */
export interface SettingOptions {
  /** `KEY=VALUE`, the value as YAML. */
  readonly set?: readonly string[];
  /** Keys to remove, before anything is set. */
  readonly unset?: readonly string[];
}

const FILE = 'command line';

/** The options as a text with one option a line; messages about them point into it. Undefined where there are none. */
export function settingsSource({ set = [], unset = [] }: SettingOptions): SourceFile | undefined {
  const lines = [...unset.map((key) => `--unset ${key}`), ...set.map((setting) => `--set ${setting}`)];
  return lines.length === 0 ? undefined : { file: FILE, text: lines.join('\n') };
}

/** A layer for each option, the later over the earlier. */
export function settingLayers(options: SettingOptions): readonly Layer[] {
  const source = settingsSource(options);
  if (source === undefined) return [];
  const rangeIn = rangesIn(FILE, source.text);
  const { unset = [], set = [] } = options;
  let next = 0;
  const within = (option: string, given: string): RangeOf => {
    const start = next + option.length;
    next = start + given.length + 1;
    return (from, to) => rangeIn(start + from, start + to);
  };
  return [
    ...unset.map((given) => removal(given, within('--unset ', given))),
    ...set.map((given) => setting(given, within('--set ', given))),
  ];
}

/** Everything before the first `=` that is not inside a quoted key. */
const NAME = /^(?:\["(?:[^"\\]|\\.)*"\]|[^=])*/;

function setting(given: string, range: RangeOf): Layer {
  const [name = ''] = NAME.exec(given) ?? [];
  if (name === given) return refused(range(0, given.length), { message: `write --set ${given}=VALUE` });
  const keys = readKeyPath(name);
  if ('message' in keys) return refused(range(0, name.length), keys);
  if (isExpanding(keys)) return refused(range(0, name.length), OF_FILE);
  const path = keys.map(({ key }) => key);
  const diagnostics: Diagnostic[] = [];
  const value = readValue(
    given.slice(name.length + 1),
    path,
    (from, to) => range(name.length + 1 + from, name.length + 1 + to),
    diagnostics,
  );
  return {
    file: FILE,
    diagnostics,
    root: value && layerAt(keys, value, range),
    unread: value === undefined ? [path] : [],
  };
}

function removal(given: string, range: RangeOf): Layer {
  const keys = readKeyPath(given);
  if ('message' in keys) return refused(range(0, given.length), keys);
  if (isExpanding(keys)) return refused(range(0, given.length), OF_FILE);
  const last = range(keys.at(-1)?.start ?? 0, given.length);
  const root = layerAt(keys, { kind: 'scalar', value: null, written: '', range: last }, range);
  return { file: FILE, diagnostics: [], unread: [], root, removes: true };
}

const OF_FILE: Fault = {
  message: 'makes several jobs of a file, and can only be changed there',
  hint: "to choose one of them, write its name behind the file: 'config.yaml[NAME]'",
};

const isExpanding = ([first]: readonly PathKey[]) => EXPANDING.includes(first?.key ?? '');

function layerAt(keys: readonly PathKey[], value: ConfigValue, range: RangeOf) {
  return mapOf(
    keys,
    value,
    ({ start, end }) => range(start, end),
    (part) => part.map(({ key }) => key),
  );
}

function refused(range: ReturnType<RangeOf>, { message, hint }: Fault): Layer {
  const diagnostic = { severity: 'error', ...range, path: '', message, ...(hint && { hint }) } as const;
  return { file: FILE, root: undefined, diagnostics: [diagnostic], unread: [] };
}

/**
 * The value as in a file, where it begins like a list, a map or quoted text; else a number, a boolean or `null` where it
 * reads as one, and text as it is. Undefined where it cannot be read.
 */
function readValue(
  text: string,
  path: ConfigPath,
  range: RangeOf,
  diagnostics: Diagnostic[],
): ConfigValue | undefined {
  const whole = range(0, text.length);
  const literal: ConfigScalar = { kind: 'scalar', value: text, written: text, range: whole };
  const { document, faults } = readText(text);
  const found: Diagnostic[] = faults.map(({ start, end, message, hint }) => {
    const at = range(start, end);
    return { severity: 'error', ...at, path: pathText(path), message, ...(hint && { hint }) };
  });
  const reader =
    document &&
    new TreeReader(document, range, (at, where, message, hint) => {
      found.push({ severity: 'error', ...at, path: pathText(where), message, ...(hint && { hint }) });
    });
  const value = document && reader?.read(document, path);
  if (/^\s*[[{"']/.test(text)) {
    diagnostics.push(...found);
    return found.length > 0 ? undefined : value;
  }
  const isPlain = found.length === 0 && value?.kind === 'scalar' && !/[#&*\n]/.test(text);
  return isPlain ? value : literal;
}
