/**
 * Takes a value out of a file that anybody may have written for what it should be; undefined where it is something else.
 * All that is read of a run folder goes through these, so that no other code meets a value of a wrong type.
 */
export type Reader<Value> = (value: unknown) => Value | undefined;

/** What an object has for its readers. */
export type Read<Readers> = {
  readonly [Key in keyof Readers]: Readers[Key] extends Reader<infer Value> ? Value : never;
};

export const text: Reader<string> = (value) => (typeof value === 'string' ? value : undefined);

/** A finite one: JSON can hold 1e999. */
export const number: Reader<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** How many there are, or which of them, of anything that a job has. */
export const whole: Reader<number> = (value) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 1e6 ? value : undefined;

/** Seconds that may have passed: a time can be reckoned from them. */
export const duration: Reader<number> = (value) =>
  typeof value === 'number' && Math.abs(value) <= 1e9 ? value : undefined;

export const flag: Reader<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);

/** Milliseconds since 1970, of a date that there is. */
export const instant: Reader<number> = (value) =>
  typeof value === 'number' && !Number.isNaN(new Date(value).getTime()) ? value : undefined;

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339, and a date that there is. */
export const time: Reader<string> = (value) =>
  typeof value === 'string' && RFC_3339.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;

export const oneOf =
  <Name extends string | number>(...names: readonly Name[]): Reader<Name> =>
  (value) =>
    names.find((name) => name === value);

/** What does not fit in it is left out. */
export const list =
  <Item>(item: Reader<Item>): Reader<readonly Item[]> =>
  (value) =>
    Array.isArray(value) ? value.map(item).filter((each) => each !== undefined) : undefined;

/** An object by any names; what does not fit in it is left out. */
export const mapOf =
  <Item>(item: Reader<Item>): Reader<Readonly<Record<string, Item>>> =>
  (value) =>
    isObject(value)
      ? Object.fromEntries(
          Object.entries(value).flatMap(([name, each]) => {
            const read = item(each);
            return read === undefined ? [] : [[name, read] as const];
          }),
        )
      : undefined;

export const either =
  <One, Other>(one: Reader<One>, other: Reader<Other>): Reader<One | Other> =>
  (value) =>
    one(value) ?? other(value);

/** `instead` of what is missing or does not fit. */
export const or =
  <Value>(reader: Reader<Value>, instead: Value): Reader<Value> =>
  (value) =>
    reader(value) ?? instead;

/**
 * An object with all of `needed`; of the `optional` those that fit. What else it holds is kept, for those who know it.
 */
export const fields =
  <Needed extends Readers, Optional extends Readers = Record<never, never>>(
    needed: Needed,
    optional?: Optional,
  ): Reader<Read<Needed> & Partial<Read<Optional>>> =>
  (value) => {
    if (!isObject(value)) return undefined;
    const result: Record<string, unknown> = { ...value };
    for (const [name, reader] of Object.entries(needed)) {
      const read = reader(own(value, name));
      if (read === undefined) return undefined;
      result[name] = read;
    }
    for (const [name, reader] of Object.entries(optional ?? {})) {
      const read = reader(own(value, name));
      if (read === undefined) delete result[name];
      else result[name] = read;
    }
    return result as Read<Needed> & Partial<Read<Optional>>;
  };

type Readers = Readonly<Record<string, Reader<unknown>>>;

const own = (value: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(value, name) ? value[name] : undefined;

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Levels of nesting. What is deeper cannot be written again: JSON.stringify calls itself for each level. */
const DEEPEST = 64;

/** The value of a JSON text; undefined where it is none, or nests deeper than anything of ours. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return text.length > 2 * DEEPEST && isDeep(value) ? undefined : value;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}
