import { type Call, Refusal } from './call.ts';
import { OptionError, type OptionSpec, parseOptions } from './options.ts';

export interface ReadOptions {
  /** By long name; the last of each. */
  readonly options: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

/** The call's options; throws Refusal with `exitCode` and getopt's words for what is none, and answers --version. */
export function readOptions(
  call: Pick<Call, 'name' | 'args'>,
  table: readonly OptionSpec[],
  exitCode: number,
  how: { readonly mixed?: boolean } = {},
): ReadOptions {
  try {
    const { given, operands } = parseOptions(call.args, table, how);
    return { options: new Map(given), operands };
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const { name } = call;
    throw new Refusal(`${name}: ${error.message}\nTry "${name} --help" for more information`, exitCode);
  }
}
