import type { EnvironmentValue } from '../schema/fields.ts';
import type { ArgumentValue, Role } from '../schema/role.ts';
import { dashed } from '../text/dashed.ts';
import type { Releases } from './engine-table.ts';
import rows from './flag-renames.json' with { type: 'json' };
import { atLeast } from './release.ts';

/** Arguments and environment of a worker or of the frontend. */
export interface Settings {
  readonly args: Readonly<Record<string, ArgumentValue>>;
  readonly env: Readonly<Record<string, EnvironmentValue>>;
}

/** Stands for whatever value the setting has; it keeps it under its other name. */
const SAME_VALUE = '*';

/** Settings as a release writes them. A list of values of a variable: all of them mean the same, the first is written. */
interface Written {
  readonly args?: Readonly<Record<string, ArgumentValue>>;
  readonly env?: Readonly<Record<string, unknown>>;
}

/** One setting whose writing changed between releases. */
interface FlagRename {
  /** First release of SGLang, or of Dynamo, that is given `now`; earlier ones are given `was`. */
  readonly since: { readonly sglang: string } | { readonly dynamo: string };
  readonly of?: Role | 'frontend';
  readonly was: Written;
  /** Empty where the setting is gone. */
  readonly now: Written;
  /** `now` does not tell that it was `was`: only older writings are turned into newer ones. */
  readonly oneWay?: boolean;
}

/**
 * Whichever writing a config has, the release's own is passed on; what is not listed passes through untouched.
 * From `server_args.py`, `environ.py` and `arg_groups/` of SGLang's wheels, and from `dynamo/sglang` and
 * `dynamo/frontend` of those of ai-dynamo. Where several releases take both writings, the last of them is changed.
 */
export const FLAG_RENAMES = rows as unknown as readonly FlagRename[];

interface Setting {
  readonly kind: keyof Written;
  /** With dashes, if it is an argument. */
  readonly name: string;
  readonly value: unknown;
}

/**
 * The settings as a release of Dynamo and its SGLang take them, in the same order; see `FLAG_RENAMES`. As they are where the
 * config wants them so.
 */
export function applyRenames(settings: Settings, releases: Releases, owner: Role | 'frontend'): Settings {
  if (releases.asWritten) return settings;
  let written = listed(settings);
  for (const row of FLAG_RENAMES) {
    if (row.of !== undefined && row.of !== owner) continue;
    if (isNew(row, releases)) written = rewrite(written, row.was, row.now);
    else if (!row.oneWay) written = rewrite(written, row.now, row.was);
  }
  return { args: only('args', written), env: only('env', written) } as Settings;
}

/** The argument that stands in the place of a variable in these releases; undefined where none does. */
export function argumentInsteadOf(variable: string, releases: Releases): string | undefined {
  const row = FLAG_RENAMES.find(
    ({ since, was, now }) =>
      'sglang' in since &&
      isNew({ since }, releases) &&
      Object.hasOwn(was.env ?? {}, variable) &&
      now.args !== undefined,
  );
  return row && Object.keys(row.now.args ?? {})[0];
}

function isNew({ since }: Pick<FlagRename, 'since'>, releases: Releases): boolean {
  return 'sglang' in since ? atLeast(releases.sglang, since.sglang) : atLeast(releases.dynamo, since.dynamo);
}

/** Puts `to` in the place of `from`, if all of it is there. What is given under its right name already stays as it is. */
function rewrite(settings: readonly Setting[], from: Written, to: Written): readonly Setting[] {
  const replaced = listed(from).map((pattern) => settings.find((setting) => matches(setting, pattern)));
  if (!replaced.every((setting) => setting !== undefined)) return settings;
  const [first] = replaced;
  const rest = settings.filter((setting) => !replaced.includes(setting));
  const added = listed(to)
    .map((pattern) => ({ ...pattern, value: pattern.value === SAME_VALUE ? first?.value : firstOf(pattern) }))
    .filter(({ kind, name }) => !rest.some((setting) => setting.kind === kind && setting.name === name));
  return settings.flatMap((setting) => {
    if (setting === first) return added;
    return replaced.includes(setting) ? [] : [setting];
  });
}

function listed({ args = {}, env = {} }: Written): readonly Setting[] {
  return [
    ...Object.entries(args).map(([name, value]): Setting => ({ kind: 'args', name: dashed(name), value })),
    ...Object.entries(env).map(([name, value]): Setting => ({ kind: 'env', name, value })),
  ];
}

/** The first of several values that mean the same: the one that is written. */
function firstOf({ kind, value }: Setting): unknown {
  return kind === 'env' && Array.isArray(value) ? value[0] : value;
}

function matches(setting: Setting, { kind, name, value }: Setting): boolean {
  if (setting.kind !== kind || setting.name !== name) return false;
  return value === SAME_VALUE || [value].flat().some((one) => String(one) === String(setting.value));
}

function only(kind: Setting['kind'], settings: readonly Setting[]): Record<string, unknown> {
  return Object.fromEntries(
    settings.filter((setting) => setting.kind === kind).map(({ name, value }) => [name, value]),
  );
}
