import { z } from 'zod';

// Files of a run folder may come from another release, or be damaged: what is read of them is what fits.

export const text = z.string();
/** A finite number: JSON can hold 1e999. */
export const number = z.number();
/** A count or an index of anything that a job has. */
export const whole = z.int().min(0).max(1e6);
/** Seconds that may have passed: a time can be reckoned from them. */
export const seconds = z.number().min(-1e9).max(1e9);

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339, and a date that exists. */
export const time = z.string().refine((value) => RFC_3339.test(value) && !Number.isNaN(Date.parse(value)));

/** A text of a known set, here some of it; words of a later release are taken as they are. */
export const word = <Arg extends string>(...words: readonly Arg[]) =>
  text.meta({ examples: words }) as unknown as z.ZodType<Arg>;

/** A list without the items that do not fit. */
export const list = <Item extends z.ZodType>(item: Item): z.ZodType<readonly z.output<Item>[]> =>
  z.array(item.optional().catch(undefined)).transform((items) => items.filter((each) => each !== undefined));

/** An object by any names, without the values that do not fit. */
export const mapOf = <Item extends z.ZodType>(
  item: Item,
): z.ZodType<Readonly<Record<string, z.output<Item>>>> =>
  z
    .record(z.string(), item.optional().catch(undefined))
    .transform(
      (values) =>
        Object.fromEntries(Object.entries(values).filter(([, each]) => each !== undefined)) as Record<
          string,
          z.output<Item>
        >,
    );

type Shape = Readonly<Record<string, z.ZodType>>;

/** What an object of such fields holds. */
export type Fields<Needed extends Shape, Optional extends Shape> = {
  readonly [Name in keyof Needed]: z.output<Needed[Name]>;
} & { readonly [Name in keyof Optional]?: z.output<Optional[Name]> };

/** An object that has all of `needed`; of `optional`, the fields that fit. What else it holds is kept. */
export function fields<Needed extends Shape, Optional extends Shape = Record<never, never>>(
  needed: Needed,
  optional?: Optional,
): z.ZodType<Fields<Needed, Optional>> {
  const names = Object.keys(optional ?? {});
  const some = Object.entries(optional ?? {}).map(([name, each]) => [name, each.optional().catch(undefined)]);
  return z.looseObject({ ...needed, ...Object.fromEntries(some), ...needed }).transform((value) => {
    for (const name of names) if (value[name] === undefined) delete value[name];
    return value;
  }) as unknown as z.ZodType<Fields<Needed, Optional>>;
}

/** Undefined where the value does not fit. */
export function read<Value>(schema: z.ZodType<Value>, value: unknown): Value | undefined {
  return schema.safeParse(value).data;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Levels of nesting. What is deeper cannot be written again: JSON.stringify calls itself for each level. */
const DEEPEST = 64;

/** The value of a JSON text; undefined where it is none, or nests deeper than anything of ours. */
export function parseJson(json: string): unknown {
  try {
    const value: unknown = JSON.parse(json);
    return json.length > 2 * DEEPEST && isDeep(value) ? undefined : value;
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
