import type { ArgumentValue, Role, RoleConfig } from '../schema/role.ts';
import { dashed } from '../text/dashed.ts';
import type { ConfigPath } from '../yaml/source-range.ts';

/** A flag that the user or the topology gives, in `args` or among the words of `flags`. */
export interface GivenFlag {
  /** With dashes, without the leading two; a short one, as `-tp`, keeps its only one. */
  readonly name: string;
  readonly value: ArgumentValue;
  readonly path: ConfigPath;
  readonly in: 'args' | 'flags';
}

export function givenFlags(
  owner: Role | 'frontend',
  config: Pick<RoleConfig, 'args' | 'flags'>,
): readonly GivenFlag[] {
  return [
    ...Object.entries(config.args).map(([key, value]) => ({
      name: dashed(key),
      value,
      path: [owner, 'args', key],
      in: 'args' as const,
    })),
    ...flagGroups(config.flags).flatMap(({ name, values, index }) =>
      name === undefined
        ? []
        : [{ name, value: flagValue(values), path: [owner, 'flags', index], in: 'flags' as const }],
    ),
  ];
}

/** The flag of that name that counts: the last, as in argparse. Undefined where it is not passed. */
export function lastFlag(owner: Role, config: RoleConfig, name: string): GivenFlag | undefined {
  return givenFlags(owner, config).findLast((flag) => flag.name === name && flag.value !== false);
}

/** A flag among words of a command with the words that belong to it; words before the first flag have no name. */
export interface FlagGroup {
  readonly name: string | undefined;
  readonly values: readonly string[];
  readonly words: readonly string[];
  /** Position of the first word. */
  readonly index: number;
}

export function flagGroups(words: readonly string[]): readonly FlagGroup[] {
  const starts = words.flatMap((word, index) => (index === 0 || isFlag(word) ? [index] : []));
  return starts.map((index, position) => {
    const group = words.slice(index, starts[position + 1]);
    const [first = '', ...rest] = group;
    if (!isFlag(first)) return { name: undefined, values: [], words: group, index };
    const [, name = '', value] = /^(?:--)?([^=]*)(?:=(.*))?$/s.exec(first) ?? [];
    return { name, values: value === undefined ? rest : [value, ...rest], words: group, index };
  });
}

/** As argparse tells flags from values: `-1` is a number. */
function isFlag(word: string): boolean {
  return /^(--.|-[A-Za-z]\S*$)/s.test(word);
}

/** A flag's name as a word: short ones have their dash already. */
export function flagText(name: string): string {
  return name.startsWith('-') ? name : `--${name}`;
}

function flagValue(values: readonly string[]): ArgumentValue {
  const [only, ...more] = values;
  if (only === undefined) return true;
  return more.length === 0 ? only : values;
}
