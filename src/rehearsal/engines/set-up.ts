import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DynSlurmError } from '../../errors.ts';
import type { Environment } from '../../host/environment.ts';
import { type RunOptions, run } from '../tools/child.ts';
import { claim } from '../tools/claim.ts';
import { findPython, makeEnvironment, pythonEnvironment } from '../tools/python.ts';
import { reported, type StepEvent } from '../tools/report.ts';
import { ENGINES, type EngineEnvironment, type EngineName } from './catalog.ts';
import { refuseFullDisk, refuseMachine } from './machine.ts';
import {
  type Engine,
  type EnginePlace,
  engineIn,
  engineLock,
  findEngine,
  modelFolder,
  stampFile,
  UV_LOCK,
} from './place.ts';
import { installUv, uvInstall } from './uv.ts';

const ENGINE_STEPS = ['python', 'uv', 'packages', 'check', 'model'] as const;
export type EngineStep = (typeof ENGINE_STEPS)[number];
export type EngineEvent = StepEvent<EngineStep>;

/** Only an engine without GPUs gets a model. */
export function engineSteps(name: EngineName): readonly EngineStep[] {
  return ENGINE_STEPS.filter((step) => step !== 'model' || !ENGINES[name].gpu);
}

export interface EngineSetUp {
  readonly place: EnginePlace;
  readonly env: Environment;
  /** A folder of wheels that takes the place of the package index; absolute. */
  readonly wheels: string | undefined;
  readonly report: (event: EngineEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Installs an engine's environment, unless it is there. It is built in its final folder, because programs in it name that
 * folder; the stamp comes last, and what an earlier set-up that was cut off has installed or downloaded is used.
 * @throws {DynSlurmError} `preflight` with what is missing and how to get it; `interrupted`.
 */
export async function setUpEngine(options: EngineSetUp): Promise<Engine> {
  const { place, report, signal } = options;
  const there = findEngine(place);
  if (there !== undefined) return there;
  refuseMachine(place.name);
  await mkdir(dirname(place.folder), { recursive: true });
  const release = await claim(place.folder, {
    waiting: (holder) => report({ kind: 'waiting', step: 'python', detail: holder }),
    signal,
  });
  try {
    return findEngine(place) ?? (await build(options));
  } catch (error) {
    if ((error as DynSlurmError).code !== 'interrupted') throw error;
    throw new DynSlurmError('interrupted', 'The setup was interrupted; the next one goes on from there.');
  } finally {
    await release();
  }
}

async function build({ place, env, wheels, report, signal }: EngineSetUp): Promise<Engine> {
  const { name, folder, packageRoot } = place;
  const { title, packageName, check, gpu, room, newestPython }: EngineEnvironment = ENGINES[name];
  const temporary = join(folder, 'tmp');
  await mkdir(temporary, { recursive: true });
  await refuseFullDisk(title, folder, room);
  const settings: RunOptions = { env: pythonEnvironment(env, temporary), signal };
  const engine = engineIn(folder);
  const { version, pip } = await reported(report, 'python', async () => {
    const python = await findPython(settings, { who: title, newest: newestPython });
    const environment = await makeEnvironment(python, join(folder, 'venv'), settings);
    return [{ version: python.version, pip: environment.pip }, `${python.command} ${python.version}`];
  });
  const uv = await reported(report, 'uv', async () => {
    const lock = join(packageRoot, UV_LOCK);
    const path = await installUv({ pip, lock, folder: join(folder, 'uv') }, wheels, settings);
    return [path, (await run([path, '--version'], settings)).stdout.trim().split(' (')[0] ?? ''];
  });
  const lock = join(packageRoot, engineLock(name));
  const pinned = new Map(
    [...(await readFile(lock, 'utf8')).matchAll(/^([a-z0-9.-]+)==(\S+)/gm)].map(([, key = '', to = '']) => [
      key,
      to,
    ]),
  );
  await reported(report, 'packages', async () => {
    const onLine = (line: string): void => {
      const said = /^\s*(Prepared .*|Installed .*|Downloading \S+ \((\d{3}[\d.]*MiB|[\d.]+GiB)\))/
        .exec(line)?.[0]
        .trim();
      if (said !== undefined) report({ kind: 'started', step: 'packages', detail: said });
    };
    const cache = join(folder, 'cache');
    await uvInstall({ uv, python: engine.python, lock, cache, wheels }, { ...settings, onLine });
    await rm(cache, { recursive: true, force: true });
    const dynamo = `ai-dynamo ${pinned.get('ai-dynamo')}`;
    return [undefined, `${packageName} ${pinned.get(packageName)} with ${dynamo}`];
  });
  await reported(report, 'check', async () => {
    const [first = '', ...words] = check;
    const script = first.endsWith('.py') ? join(packageRoot, first) : first;
    const ended = await run([engine.python, script, ...words], settings);
    if (ended.exitCode === 0) return [undefined, 'the engine and Dynamo load'];
    const said = ended.stderr.trim().split('\n').slice(-3).join('\n  ');
    throw new DynSlurmError('preflight', `${title} does not load on this machine:\n  ${said}`);
  });
  if (!gpu) await reported(report, 'model', () => makeModel(engine, packageRoot, settings));
  await rm(temporary, { recursive: true, force: true });
  const versions = { python: version, packages: Object.fromEntries(pinned) };
  await writeFile(stampFile(folder), `${JSON.stringify(versions, null, 2)}\n`);
  return engine;
}

async function makeModel(
  { folder, python }: Engine,
  packageRoot: string,
  settings: RunOptions,
): Promise<readonly [undefined, string]> {
  const script = join(packageRoot, 'rehearsal/engine/make_model.py');
  const source = join(packageRoot, 'rehearsal/model');
  const ended = await run([python, '-B', script, source, modelFolder(folder)], settings);
  if (ended.exitCode !== 0)
    throw new DynSlurmError('preflight', `the tiny model could not be written:\n  ${ended.stderr.trim()}`);
  return [undefined, 'two layers of random weights'];
}
