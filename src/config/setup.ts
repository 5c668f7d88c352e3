import { ROLES } from './schema/role.ts';
import type { SetupConfig } from './schema/setup.ts';
import type { ConfigPath } from './yaml/source-range.ts';
import { type ConfigMap, type ConfigValue, changedAt } from './yaml/tree.ts';

/** A file that `setup.script` names: its text, or what is wrong with it. */
export type ScriptFile = { readonly text: string } | { readonly fault: string; readonly hint?: string };

/** Scripts by the name that the config has for them. */
export type Scripts = ReadonlyMap<string, ScriptFile>;

/** Who may have a `setup` of their own, beside the one for all of them. */
const OWNERS = [...ROLES, 'frontend'] as const;
const PLACES: readonly (readonly string[])[] = [[], ...OWNERS.map((owner) => [owner])];

type Owner = (typeof OWNERS)[number];
/** A job, or what is known of one. */
type Owners = { readonly setup?: SetupConfig | undefined } & {
  readonly [Name in Owner]?: { readonly setup?: SetupConfig | undefined } | undefined;
};

/** The `setup` of a config with its path, as far as it has any: that for all comes first. */
export function setupsOf(job: Owners, owner?: Owner): readonly (readonly [ConfigPath, SetupConfig])[] {
  const owners = owner === undefined ? OWNERS.filter((each) => job[each] !== undefined) : [owner];
  const all = [
    [['setup'], job.setup],
    ...owners.map((each) => [[each, 'setup'], job[each]?.setup] as const),
  ] as const;
  return all.flatMap(([path, setup]) => (setup === undefined ? [] : [[path, setup] as const]));
}

/** A layer whose lists of commands are written out as the maps that they are short for. */
export function setupWrittenOut(layer: ConfigMap): ConfigMap {
  return PLACES.reduce((map, place) => changedAt(map, place, writtenOut), layer);
}

function writtenOut(map: ConfigMap): ConfigMap {
  const entry = map.entries.get('setup');
  if (entry?.value.kind !== 'list') return map;
  const { value: commands } = entry;
  const value: ConfigValue = {
    kind: 'map',
    entries: new Map([['commands', { ...entry, value: commands }]]),
    range: commands.range,
  };
  return { ...map, entries: new Map(map.entries).set('setup', { ...entry, value }) };
}

/**
 * The lower of two maps that have a `setup`, without what the upper replaces: its own commands take the place of a script, and
 * the other way round.
 */
export function withoutOtherSetup(lower: ConfigMap, upper: ConfigMap): ConfigMap {
  const given = upper.entries.get('setup')?.value;
  if (given?.kind !== 'map') return lower;
  const replaced = given.entries.has('script') ? 'commands' : given.entries.has('commands') ? 'script' : '';
  return changedAt(lower, ['setup'], (setup) => {
    const entries = new Map(setup.entries);
    entries.delete(replaced);
    return { ...setup, entries };
  });
}

/** The names of all scripts that layers name, the config's own and those over it. */
export function scriptsIn(layers: readonly { readonly root?: ConfigMap | undefined }[]): readonly string[] {
  const places = [...PLACES, ...PLACES.map((place) => ['topology', ...place])];
  const names = layers.flatMap(({ root }) =>
    places.flatMap((place) => textAt(root, [...place, 'setup', 'script']) ?? []),
  );
  return [...new Set(names)];
}

function textAt(map: ConfigMap | undefined, path: readonly string[]): string | undefined {
  let at: ConfigValue | undefined = map;
  for (const key of path) at = at?.kind === 'map' ? at.entries.get(key)?.value : undefined;
  return at?.kind === 'scalar' && typeof at.value === 'string' ? at.value : undefined;
}

/** Bytes of a script at most. */
export const LARGEST_SCRIPT = 1024 * 1024;

/** What is in a script's file, as bytes. */
export function readScript(bytes: Uint8Array): ScriptFile {
  if (bytes.length > LARGEST_SCRIPT) return { fault: 'is larger than 1 MB, too large for a script' };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { fault: 'is not text in UTF-8' };
  }
  if (text.includes('\u0000')) return { fault: 'is not text: it has NUL bytes' };
  if (text.startsWith('\ufeff'))
    return {
      fault: 'begins with a byte order mark, which bash takes for a command',
      hint: 'save it without',
    };
  const line = text.split('\n').findIndex((each) => each.endsWith('\r')) + 1;
  if (line > 0)
    return {
      fault: `ends line ${line} with CRLF, whose CR bash takes for a part of the command`,
      hint: 'save it with LF: `sed -i "s/\\r$//" FILE`',
    };
  if (text.trim() === '') return { fault: 'is empty' };
  return { text };
}
