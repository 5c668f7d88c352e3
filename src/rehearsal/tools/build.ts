import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynSlurmError } from '../../errors.ts';
import type { Environment } from '../../host/environment.ts';
import { interrupted, type RunOptions, run } from './child.ts';
import { installPrograms } from './programs.ts';
import { findPython, makeEnvironment, pipFailed, pipInstall, pythonEnvironment } from './python.ts';
import { reported, type StepEvent } from './report.ts';
import { lockFile, SERVERS, stampFile, type ToolsPlace, toolsIn } from './tools.ts';

/** `servers` and `dynamo` go on at once; the first is the shorter one. */
export const TOOLS_STEPS = ['python', 'servers', 'dynamo', 'check', 'shellcheck'] as const;
export type ToolsStep = (typeof TOOLS_STEPS)[number];

export type ToolsEvent = StepEvent<ToolsStep>;
export type Report = (event: ToolsEvent) => void;

export interface BuildOptions {
  readonly place: ToolsPlace;
  readonly env: Environment;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** Builds all tools in an empty folder; the stamp comes last. */
export async function build(folder: string, options: BuildOptions): Promise<void> {
  const { place, report } = options;
  const { run: settings, temporary } = await scratch(folder, options);
  const { version, environment } = await reported(report, 'python', async () => {
    const python = await findPython(settings);
    const { command, version } = python;
    const environment = await makeEnvironment(python, join(folder, 'venv'), settings);
    return [{ version, environment }, `${command} ${version}`];
  });
  const { pip, sitePackages } = environment;
  const { bin } = toolsIn(folder);
  const lock = lockFile(place, 'dynamo');
  const dynamo = pinned(await readFile(lock, 'utf8'));
  // Of two that fail, the first names the trouble; the other is stopped rather than left behind.
  const stop = new AbortController();
  const both = { ...settings, signal: AbortSignal.any([options.signal, stop.signal]) };
  const installs = [
    reported(report, 'dynamo', async () => {
      const said = await pipInstall({ pip, lock, target: sitePackages }, both);
      if (said !== undefined) throw pipFailed('Dynamo', said);
      return [undefined, `ai-dynamo ${dynamo.get('ai-dynamo')} and ${dynamo.size - 1} packages`];
    }),
    reported(report, 'servers', async () => {
      const wanted = { names: SERVERS, pip, lock: lockFile(place, 'servers'), temporary, bin };
      const found = await installPrograms(wanted, both);
      return [found, found.join(', ')];
    }),
  ] as const;
  const [, servers] = await Promise.all(installs).catch(async (error: unknown) => {
    stop.abort();
    await Promise.allSettled(installs);
    throw options.signal.aborted ? interrupted() : error;
  });
  await reported(report, 'check', async () => [
    await check(environment.python, settings),
    'dynamo.frontend and dynamo.mocker load',
  ]);
  await rm(temporary, { recursive: true, force: true });
  const versions = { python: version, packages: Object.fromEntries(dynamo), servers };
  await writeFile(stampFile(folder), `${JSON.stringify(versions, null, 2)}\n`);
}

/** Adds shellcheck to finished tools: whole, by a rename. */
export async function addShellcheck(folder: string, options: BuildOptions): Promise<void> {
  const { place, report } = options;
  const { run: settings, temporary } = await scratch(folder, options);
  const lock = lockFile(place, 'shellcheck');
  await reported(report, 'shellcheck', async () => {
    const python = await findPython(settings);
    const { pip } = await makeEnvironment(python, join(folder, 'venv'), settings);
    const { bin } = toolsIn(place.folder);
    const found = await installPrograms({ names: ['shellcheck'], pip, lock, temporary, bin }, settings);
    return [found, found.join()];
  });
}

/** Python compiles what it loads here, so that the first rehearsal need not. */
async function check(python: string, settings: RunOptions): Promise<void> {
  const modules = ['dynamo.frontend', 'dynamo.mocker'];
  const ended = await Promise.all(modules.map((module) => run([python, '-m', module, '--help'], settings)));
  for (const [index, { exitCode, stderr }] of ended.entries()) {
    if (exitCode === 0) continue;
    throw new DynSlurmError(
      'preflight',
      `${modules[index]} does not run on this machine:\n  ${stderr.trim()}`,
    );
  }
}

/** Temporary files of pip go beside the tools: moving them is a rename then, and one disk alone needs room. */
async function scratch(
  folder: string,
  options: BuildOptions,
): Promise<{ run: RunOptions; temporary: string }> {
  const temporary = join(folder, 'tmp');
  await mkdir(temporary, { recursive: true });
  return { temporary, run: { env: pythonEnvironment(options.env, temporary), signal: options.signal } };
}

/** Versions by package that a lock pins. */
function pinned(lock: string): Map<string, string> {
  return new Map(
    [...lock.matchAll(/^([a-z0-9-]+)==(\S+)/gm)].map(([, name = '', version = '']) => [name, version]),
  );
}
