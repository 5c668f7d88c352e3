import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import { ENGINES, type EngineName } from '../../../rehearsal/engines/catalog.ts';
import { downloadWheels } from '../../../rehearsal/engines/download.ts';
import { type Lack, lacking } from '../../../rehearsal/engines/missing.ts';
import { type Engine, type EnginePlace, enginePlace, findEngine } from '../../../rehearsal/engines/place.ts';
import {
  type EngineEvent,
  type EngineStep,
  engineSteps,
  setUpEngine,
} from '../../../rehearsal/engines/set-up.ts';
import { jsonText } from '../../sink.ts';
import { screenOf } from '../../views/screen.ts';
import type { World } from '../../world.ts';
import { openChecklist } from './checklist.ts';

export interface EngineOptions {
  readonly json?: boolean;
  readonly engine?: EngineName;
  /** A folder of wheels to install from. */
  readonly wheels?: string;
  /** A folder to put wheels into, instead of installing. */
  readonly download?: string;
}

const TITLES: Readonly<Record<EngineStep, string>> = {
  python: 'Python',
  uv: 'uv',
  packages: 'packages',
  check: 'check',
  model: 'model',
};

/** @throws DynSlurmError `usage` */
export function refuseWithoutEngine({ wheels, download }: EngineOptions): void {
  const option = wheels !== undefined ? '--wheels' : download !== undefined ? '--download' : undefined;
  if (option !== undefined)
    throw new DynSlurmError('usage', `${option} goes with --engine`, {
      hint: 'The tools of rehearsals are small and come from the network, or by PIP_FIND_LINKS and PIP_NO_INDEX.',
    });
}

/** `dyn-slurm setup --engine NAME`: installs an engine, unless it is there, and says what the machine lacks to run it. */
export async function setupEngine(name: EngineName, options: EngineOptions, world: World): Promise<number> {
  const place = enginePlace(name, world);
  const { title } = ENGINES[name];
  if (options.download !== undefined) return download(place, options.download, options, world);
  const found = findEngine(place);
  const engine = found ?? (await install(place, options, world));
  const installed = found === undefined;
  const missing = await lacking(name, engine, { env: world.env, signal: world.signal });
  if (options.json) world.out.write(jsonText({ engine: name, ...engine, installed, missing }));
  else {
    const how = installed ? 'installed' : 'already installed';
    world.out.write(`${title} is ${how}: ${engine.folder}\n${missing.map(lackText).join('')}`);
  }
  return EXIT.ok;
}

function lackText({ what, consequence, fix }: Lack): string {
  return `missing on this machine: ${what}\n  then  ${consequence}\n  fix   ${fix}\n`;
}

async function install(place: EnginePlace, options: EngineOptions, world: World): Promise<Engine> {
  const { env, signal } = world;
  const wheels = options.wheels === undefined ? undefined : wheelsFolder(options.wheels, world);
  // With --json standard output holds the result alone.
  const shown = options.json ? { ...world, out: world.err, isTTY: false } : world;
  const items = engineSteps(place.name).map((key) => ({ key, title: TITLES[key] }));
  const list = await openChecklist(items, screenOf(shown));
  const report = ({ kind, step, detail }: EngineEvent): void => {
    if (kind === 'waiting') list.set(step, 'active', `waiting for another setup: ${detail}`);
    else list.set(step, kind === 'started' ? 'active' : kind, detail);
  };
  try {
    return await setUpEngine({ place, env, wheels, report, signal });
  } finally {
    await list.close();
  }
}

/** @throws DynSlurmError `usage` where it has no wheels */
function wheelsFolder(folder: string, { cwd }: World): string {
  const path = resolve(cwd, folder);
  let names: readonly string[];
  try {
    names = readdirSync(path);
  } catch (error) {
    throw new DynSlurmError('usage', `--wheels ${folder}: ${(error as Error).message}`);
  }
  if (names.some((name) => name.endsWith('.whl'))) return path;
  throw new DynSlurmError('usage', `--wheels ${folder}: there are no wheels in it`, {
    hint: '`dyn-slurm setup --engine NAME --download FOLDER` fills one',
  });
}

async function download(
  place: EnginePlace,
  folder: string,
  { json }: EngineOptions,
  world: World,
): Promise<number> {
  const path = resolve(world.cwd, folder);
  const { title } = ENGINES[place.name];
  world.err.write(`downloading the wheels of ${title} into ${path}; this may take many minutes\n`);
  const python = await downloadWheels(place, path, world);
  const files = readdirSync(path).filter((name) => name.endsWith('.whl'));
  if (json) world.out.write(jsonText({ engine: place.name, wheels: path, files: files.length, python }));
  else
    world.out.write(
      `${files.length} wheels of ${title} for Python ${python} are in ${path}\n  there  dyn-slurm setup --engine ${place.name} --wheels FOLDER\n`,
    );
  return EXIT.ok;
}
