import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Environment } from '../../host/environment.ts';
import { toolsPlace } from '../tools/tools.ts';
import { ENGINES, type EngineName } from './catalog.ts';

/** Where an engine's environment belongs. The name of its folder holds a hash of what is pinned and of the machine's kind. */
export interface EnginePlace {
  readonly name: EngineName;
  readonly folder: string;
  readonly packageRoot: string;
}

/** An engine's environment that is whole. Absolute paths. */
export interface Engine {
  readonly folder: string;
  /** The Python that has the engine. */
  readonly python: string;
}

interface Machine {
  readonly env: Environment;
  readonly home: string;
  readonly packageRoot: string;
}

export function enginePlace(name: EngineName, world: Machine): EnginePlace {
  const { packageRoot } = world;
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  const ofCpu = ENGINES[name].gpu ? [] : ['rehearsal/engine/make_model.py', 'rehearsal/model/config.json'];
  for (const file of [engineLock(name), UV_LOCK, ...ofCpu])
    hash.update(readFileSync(join(packageRoot, file)));
  const folder = join(toolsPlace(world).cache, 'engines', `${name}-${hash.digest('hex').slice(0, 12)}`);
  return { name, folder, packageRoot };
}

/** The environment, when a set-up has finished there and nothing of it has gone since. */
export function findEngine(place: EnginePlace): Engine | undefined {
  const engine = engineIn(place.folder);
  return [stampFile(place.folder), engine.python].every((path) => existsSync(path)) ? engine : undefined;
}

export function engineIn(folder: string): Engine {
  return { folder, python: join(folder, 'venv/bin/python') };
}

/** Written last. Holds the versions, for people. */
export function stampFile(folder: string): string {
  return join(folder, 'stamp.json');
}

/** The model that a CPU engine serves; rehearsal/engine/as_cpu.py looks there. */
export function modelFolder(folder: string): string {
  return join(folder, 'model');
}

/** Below the package's folder: what pins an environment's wheels. `node scripts/lock-engines.mjs` writes it. */
export function engineLock(name: EngineName): string {
  return `rehearsal/engines/${name}.txt`;
}

export const UV_LOCK = 'rehearsal/engines/uv.txt';
