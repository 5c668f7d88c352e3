import { dirname, isAbsolute, join } from 'node:path';
import { glob, LineType, parse } from 'ssh-config';
import { DynSlurmError } from '../../errors.ts';

/** Files as ssh's configuration needs them. Paths are absolute. */
export interface ConfigFiles {
  /** Undefined where there is no such file, or it may not be read. */
  read(path: string): string | undefined;
  /** Names in a folder; none where there is no folder. */
  list(path: string): readonly string[];
}

/** What ssh's configuration says of one host: by keyword in lower case, the words of every line that counts, in order. */
export interface HostSettings {
  readonly lines: ReadonlyMap<string, readonly (readonly string[])[]>;
  /** `FILE: Match …` of blocks that were passed over. */
  readonly passedOver: readonly string[];
}

export interface ConfigPlaces {
  /** Absolute paths, the one that wins first. */
  readonly configs: readonly string[];
  readonly home: string;
}

/** Includes of includes that ssh itself would still follow. */
const DEEPEST = 16;

/**
 * Reads what applies to a host, as the user calls it. Match blocks other than `Match all` are passed over: their
 * conditions may run commands. @throws DynSlurmError `config` where a file is malformed.
 */
export function readHostSettings(
  alias: string,
  { configs, home }: ConfigPlaces,
  files: ConfigFiles,
): HostSettings {
  const lines = new Map<string, (readonly string[])[]>();
  const passedOver: string[] = [];
  for (const path of configs) readFile(path, 0);
  return { lines, passedOver };

  function readFile(path: string, depth: number): void {
    const text = files.read(path);
    if (text === undefined || depth > DEEPEST) return;
    take(parseConfig(path, text), path, depth);
  }

  function take(block: ReturnType<typeof parse>, path: string, depth: number): void {
    for (const line of block) {
      if (line.type !== LineType.DIRECTIVE) continue;
      const keyword = line.param.toLowerCase();
      const words = wordsOf(line.value);
      if (keyword === 'host') {
        if ('config' in line && glob([...words], alias)) take(line.config, path, depth);
      } else if (keyword === 'match') {
        const all = words.length === 1 && words[0]?.toLowerCase() === 'all';
        if (all && 'config' in line) take(line.config, path, depth);
        else passedOver.push(`${path}: Match ${words.join(' ')}`);
      } else if (keyword === 'include') {
        for (const included of words.flatMap((word) => includedFiles(word, path))) {
          readFile(included, depth + 1);
        }
      } else {
        const before = lines.get(keyword);
        if (before) before.push(words);
        else lines.set(keyword, [words]);
      }
    }
  }

  /** Wildcards are known in the last part of a path only. */
  function includedFiles(word: string, from: string): readonly string[] {
    const expanded = word.startsWith('~/') ? join(home, word.slice(2)) : word;
    const base = from.startsWith('/etc/') ? '/etc/ssh' : join(home, '.ssh');
    const path = isAbsolute(expanded) ? expanded : join(base, expanded);
    const pattern = path.slice(path.lastIndexOf('/') + 1);
    if (!/[*?]/.test(pattern)) return [path];
    const folder = dirname(path);
    return [...files.list(folder)]
      .sort()
      .filter((name) => !name.startsWith('.') && glob([pattern], name))
      .map((name) => join(folder, name));
  }
}

function parseConfig(path: string, text: string): ReturnType<typeof parse> {
  try {
    return parse(text);
  } catch (cause) {
    throw new DynSlurmError(
      'config',
      `${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`,
      {
        hint: `\`ssh -G HOST\` names the line that is wrong`,
        cause,
      },
    );
  }
}

function wordsOf(value: string | readonly { readonly val: string }[]): readonly string[] {
  return typeof value === 'string' ? [value] : value.map(({ val }) => val);
}
