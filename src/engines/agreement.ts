import type { JobConfig } from '../config/schema/job-schema.ts';
import type { RoleConfig } from '../config/schema/role.ts';
import type { Problem } from '../config/yaml/problem.ts';
import type { ConfigPath } from '../config/yaml/source-range.ts';

export type Side = 'prefill' | 'decode';

/** A setting that prefill and decode workers must share. */
export interface Shared {
  /** As messages name it. */
  readonly name: string;
  /** Why, as the end of a sentence. */
  readonly because: string;
  /** What holds where it is not given; undefined where that is not known. Without it, a side that gives none fits any. */
  readonly byDefault?: (config: RoleConfig, job: JobConfig) => string | undefined;
  /** What a default that is not known depends on. */
  readonly dependsOn?: string;
  /** Not compared where either side gives one of these. */
  readonly unless?: readonly string[];
  /** What a value stands for, where several are the same; undefined where that is not known. */
  readonly meaning?: (value: string) => string | undefined;
  /** Whether two values that differ fit all the same. */
  readonly fits?: (prefill: string, decode: string) => boolean;
}

/** How an engine's config gives its settings. */
export interface Settings {
  readonly title: string;
  /** Undefined where it is not given. */
  readonly given: (role: Side, config: RoleConfig, name: string) => GivenSetting | undefined;
}

export interface GivenSetting {
  readonly path: ConfigPath;
  readonly value: unknown;
}

type Roles = Readonly<Record<Side, RoleConfig>>;

/** Settings in which prefill and decode workers differ: they would start and register, and then every request would fail. */
export function* checkShared(
  shared: readonly Shared[],
  engine: Settings,
  roles: Roles,
  job: JobConfig,
): Generator<Problem> {
  for (const one of shared) {
    const problem = difference(one, engine, roles, job);
    if (problem) yield problem;
  }
}

function difference(shared: Shared, engine: Settings, roles: Roles, job: JobConfig): Problem | undefined {
  const { name, because, byDefault, dependsOn = 'the model and the GPU', unless = [], meaning } = shared;
  const side = (role: Side) => {
    const flag = engine.given(role, roles[role], name);
    const text = flag === undefined ? byDefault?.(roles[role], job) : settingText(flag.value);
    return { role, flag, text, value: text === undefined || !meaning ? text : meaning(text) };
  };
  const [left, right] = [side('prefill'), side('decode')];
  const [blamed, other] = right.flag && right.value !== undefined ? [right, left] : [left, right];
  if (blamed.flag === undefined || blamed.value === undefined || blamed.value === other.value)
    return undefined;
  if (other.flag === undefined && byDefault === undefined) return undefined;
  if (left.value !== undefined && right.value !== undefined && shared.fits?.(left.value, right.value))
    return undefined;
  const sides = ['prefill', 'decode'] as const;
  if (unless.some((free) => sides.some((role) => engine.given(role, roles[role], free)))) return undefined;
  const certain = other.value !== undefined;
  const depends = certain ? '' : `, which depends on ${dependsOn}`;
  const theirs = other.flag
    ? `${other.role}.${other.flag.path[1]}.${name} is ${other.text}${depends}`
    : `${other.role} has ${engine.title}'s default${certain ? `, ${other.text}` : depends}`;
  return {
    severity: certain ? 'error' : 'warning',
    path: blamed.flag.path,
    related: other.flag?.path ?? [other.role],
    message: `is ${blamed.text}, but ${theirs}; ${because}`,
    hint: `write the same ${name} in prefill.args and decode.args`,
  };
}

function settingText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
