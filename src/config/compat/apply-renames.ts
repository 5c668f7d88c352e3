import type { EnvironmentValue } from '../schema/fields.ts';
import type { ArgumentValue, Role } from '../schema/role.ts';
import { FLAG_RENAMES, SAME_VALUE, type Written } from './flag-renames.ts';
import { atLeast } from './release.ts';
import type { Releases } from './releases.ts';

/** Arguments and environment of a worker or of the frontend. */
export interface Settings {
  readonly args: Readonly<Record<string, ArgumentValue>>;
  readonly env: Readonly<Record<string, EnvironmentValue>>;
}

interface Setting {
  readonly kind: 'args' | 'env';
  /** With dashes, if it is an argument. */
  readonly name: string;
  readonly value: unknown;
}

/** The settings as a release of Dynamo and its SGLang take them, in the same order; see `SPELLINGS`. */
export function applyRenames(settings: Settings, releases: Releases, owner: Role | 'frontend'): Settings {
  let written: readonly Setting[] = [
    ...Object.entries(settings.args).map(([name, value]) => ({
      kind: 'args' as const,
      name: name.replaceAll('_', '-'),
      value,
    })),
    ...Object.entries(settings.env).map(([name, value]) => ({ kind: 'env' as const, name, value })),
  ];
  for (const { since, of, was, now, oneWay } of FLAG_RENAMES) {
    if (of !== undefined && of !== owner) continue;
    const isNew =
      'sglang' in since ? atLeast(releases.sglang, since.sglang) : atLeast(releases.dynamo, since.dynamo);
    if (isNew) written = rewrite(written, was, now);
    else if (!oneWay) written = rewrite(written, now, was);
  }
  return { args: only('args', written), env: only('env', written) } as Settings;
}

/** The argument that stands in the place of a variable in these releases; undefined where none does. */
export function argumentInsteadOf(variable: string, releases: Releases): string | undefined {
  const row = FLAG_RENAMES.find(
    ({ since, was, now }) =>
      'sglang' in since &&
      atLeast(releases.sglang, since.sglang) &&
      Object.hasOwn(was.env ?? {}, variable) &&
      now.args !== undefined,
  );
  return row && Object.keys(row.now.args ?? {})[0];
}

/** Puts `to` in the place of `from`, if all of it is there. What is given under its right name already stays as it is. */
function rewrite(settings: readonly Setting[], from: Written, to: Written): readonly Setting[] {
  const replaced = patterns(from).map((pattern) => settings.find((setting) => matches(setting, pattern)));
  if (!replaced.every((setting) => setting !== undefined)) return settings;
  const [first] = replaced;
  const rest = settings.filter((setting) => !replaced.includes(setting));
  const added = patterns(to)
    .map((pattern) => ({ ...pattern, value: pattern.value === SAME_VALUE ? first?.value : firstOf(pattern) }))
    .filter(({ kind, name }) => !rest.some((setting) => setting.kind === kind && setting.name === name));
  return settings.flatMap((setting) => {
    if (setting === first) return added;
    return replaced.includes(setting) ? [] : [setting];
  });
}

function patterns(written: Written): readonly Setting[] {
  return (['args', 'env'] as const).flatMap((kind) =>
    Object.entries(written[kind] ?? {}).map(([name, value]) => ({ kind, name, value })),
  );
}

/** The first of several values that mean the same: the one that is written. */
function firstOf({ kind, value }: Setting): unknown {
  return kind === 'env' && Array.isArray(value) ? value[0] : value;
}

function matches(setting: Setting, pattern: Setting): boolean {
  if (setting.kind !== pattern.kind || setting.name !== pattern.name) return false;
  const { value } = pattern;
  if (value === SAME_VALUE) return true;
  return (Array.isArray(value) ? value : [value]).some((one) => String(one) === String(setting.value));
}

function only(kind: Setting['kind'], settings: readonly Setting[]): Record<string, unknown> {
  return Object.fromEntries(
    settings.filter((setting) => setting.kind === kind).map(({ name, value }) => [name, value]),
  );
}
