import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { World } from '../../world.ts';

/** The commit that the checkout of a file stands at; undefined outside of one. Without a run of git. */
export async function commitOf(file: string, world: World): Promise<string | undefined> {
  const gitDir = await gitDirOf(dirname(resolve(world.cwd, file)), world);
  if (gitDir === undefined) return undefined;
  const head = (await read(join(gitDir, 'HEAD'), world))?.trim() ?? '';
  const [, ref] = /^ref: (.+)$/.exec(head) ?? [];
  if (ref === undefined) return commit(head);
  const common = (await read(join(gitDir, 'commondir'), world))?.trim();
  const shared = common === undefined ? gitDir : resolve(gitDir, common);
  for (const folder of [gitDir, shared]) {
    const found = commit((await read(join(folder, ref), world))?.trim() ?? '');
    if (found !== undefined) return found;
  }
  const packed = (await read(join(shared, 'packed-refs'), world)) ?? '';
  return commit(
    packed
      .split('\n')
      .find((line) => line.endsWith(` ${ref}`))
      ?.split(' ')[0] ?? '',
  );
}

async function gitDirOf(folder: string, world: World): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, '.git');
    const kind = await world.kind(path);
    if (kind === 'folder') return path;
    const [, named] = kind === 'file' ? (/^gitdir: (.+)$/m.exec((await read(path, world)) ?? '') ?? []) : [];
    if (named !== undefined) return isAbsolute(named) ? named : join(at, named);
    if (at === dirname(at)) return undefined;
  }
}

async function read(path: string, world: World): Promise<string | undefined> {
  return (await world.kind(path)) === 'file' ? world.readFile(path) : undefined;
}

function commit(text: string): string | undefined {
  return /^[0-9a-f]{40}$/.test(text) ? text : undefined;
}
