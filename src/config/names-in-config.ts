import type { ParsedFile } from './yaml/parse.ts';

/** The preset and the cluster profile that a config asks for, so that their files can be read before it is resolved. */
export interface NamesInConfig {
  /** Absent where the topology is written inline. */
  readonly topology?: string;
  readonly cluster?: string;
}

export function namesIn({ root }: ParsedFile): NamesInConfig {
  const topology = textAt(root, 'topology');
  const cluster = textAt(root, 'cluster');
  return { ...(topology !== undefined && { topology }), ...(cluster !== undefined && { cluster }) };
}

function textAt(root: ParsedFile['root'], key: string): string | undefined {
  const value = root?.entries.get(key)?.value;
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}
