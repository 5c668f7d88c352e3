import { type Field, fieldAt, jobField, profileField } from '../schema/field.ts';
import { nearest } from '../text/suggestion.ts';

/** What the schema says of one key. */
export interface Explanation extends Pick<Field, 'type' | 'required' | 'examples' | 'choices'> {
  readonly key: string;
  readonly description: string;
  /** Absent where there is none, or where it depends on other values; the description says so then. */
  readonly default?: unknown;
  readonly children: readonly Pick<Explanation, 'key' | 'type' | 'description'>[];
}

/** Prefix of the keys of a cluster profile, as in the provenance of a job; `cluster` alone is a key of a config. */
const PROFILE = 'cluster';

/**
 * Explains a key: `slurm.time`, `prefill.args.tp-size`, `cluster.interface` for one of a cluster profile, or an empty
 * text for the whole config. Undefined where there is no such key.
 */
export function explain(key: string): Explanation | undefined {
  const path = key === '' ? [] : key.split('.');
  // Earlier versions called a cluster profile the site.
  const isProfile = path[0] === 'site' || (path[0] === PROFILE && path.length > 1);
  const field = isProfile ? fieldAt(profileField, path.slice(1)) : fieldAt(jobField, path);
  if (field === undefined) return undefined;
  const { type, description = '', required, examples, choices, children } = field;
  return {
    ...{ key, type, description, required },
    ...(field.default !== undefined && { default: field.default }),
    ...{ examples, choices },
    children: [...children].map(([name, child]) => ({
      key: key === '' ? name : `${key}.${name}`,
      type: child.type,
      description: child.description ?? '',
    })),
  };
}

/** Full keys that an unknown one may mean, the likeliest first. */
export function suggestKeys(key: string): readonly string[] {
  const known = [...keysOf(jobField, ''), ...keysOf(profileField, PROFILE)];
  const last = key.split('.').at(-1) ?? key;
  const named = known.filter((candidate) => lastOf(candidate) === last);
  const near = nearest(key, known) ?? nearest(last, known.map(lastOf));
  const matching = known.filter((candidate) => candidate === near || lastOf(candidate) === near);
  return [...new Set([...named, ...matching])].slice(0, 5);
}

function keysOf(field: Field, prefix: string): readonly string[] {
  return [...field.children].flatMap(([name, child]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    return [key, ...keysOf(child, key)];
  });
}

function lastOf(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}
