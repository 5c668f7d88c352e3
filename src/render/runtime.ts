import { createHash } from 'node:crypto';

/** The folder of the static scripts, in the run folder. */
export const RUNTIME = 'runtime';

/** The static scripts of a job: the same text in every job that has them. */
export interface Runtime {
  /** Paths below `runtime/`, sorted, separated by `/`. */
  readonly names: readonly string[];
  /** SHA-256 of what `sha256sum NAME...` prints for those files in that order, as 64 hexadecimal digits. */
  readonly sha256: string;
}

/** The runtime of a bundle: its files below `runtime/`. */
export function runtimeOf(
  files: Iterable<readonly [path: string, file: { readonly text: string }]>,
): Runtime {
  const own = [...files]
    .flatMap(([path, { text }]) =>
      path.startsWith(`${RUNTIME}/`) ? [{ name: path.slice(RUNTIME.length + 1), text }] : [],
    )
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const listing = own.map(({ name, text }) => `${sha256(text)}  ${name}\n`).join('');
  return { names: own.map(({ name }) => name), sha256: sha256(listing) };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
