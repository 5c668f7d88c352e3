import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { failureParts, tryFailure } from './failures.ts';
import { lookAt, type Machine } from './machine.ts';
import { makeModels } from './models.ts';
import { serviceParts } from './parts.ts';
import { Product } from './product.ts';
import { recordRun } from './record.ts';
import { trySecondStart } from './second-start.ts';
import { tryService } from './service.ts';
import { help, readSettings, type Settings } from './settings.ts';
import { tidy, tidyOnSignals } from './tidy.ts';

/** What a part has found: figures of its own, and what was wrong. */
type Found = Readonly<Record<string, unknown>> & {
  readonly problems: readonly string[];
  readonly run?: string;
};

interface Part {
  readonly name: string;
  readonly title: string;
  /** Why it cannot be tried here. */
  readonly skip: string | undefined;
  readonly run: () => Promise<Found>;
}

const settings = readSettings(process.argv.slice(2));
if (settings === 'help') process.stdout.write(help());
// Requests to a service that stood still would be waited for.
else process.exit(await test(settings));

async function test(settings: Settings): Promise<number> {
  const machine = lookAt(settings);
  if (typeof machine === 'string') {
    process.stdout.write(`skipped: ${machine}\n`);
    return 0;
  }
  const parts = partsOf(settings, machine);
  const unknown = settings.only.filter((name) => !parts.some((part) => part.name === name));
  if (unknown.length > 0)
    throw new Error(`no part is called ${unknown.join(', ')}: ${parts.map(({ name }) => name).join(', ')}`);
  if (settings.list) {
    for (const { name, title, skip } of parts)
      process.stdout.write(`${name.padEnd(24)}${title}${skip ? ` (not here: ${skip})` : ''}\n`);
    return 0;
  }
  tidyOnSignals(new Product(settings));
  try {
    makeModels(settings);
    return await tryAll(parts, machine, settings);
  } finally {
    if (settings.temporary) rmSync(settings.work, { recursive: true, force: true });
  }
}

async function tryAll(parts: readonly Part[], machine: Machine, settings: Settings): Promise<number> {
  const done: object[] = [];
  let failed = 0;
  for (const part of parts) {
    const { name, title } = part;
    if (settings.only.length > 0 && !settings.only.includes(name)) continue;
    const late = performance.now() > settings.minutes * 60_000;
    const skipped = late ? `${settings.minutes} minutes were over` : part.skip;
    if (skipped !== undefined) {
      process.stdout.write(`${name}: skipped: ${skipped}\n`);
      done.push({ name, title, skipped });
    } else {
      process.stdout.write(`${name}: ${title}\n`);
      const found = await tryPart(part, settings);
      if (!found.passed) failed += 1;
      process.stdout.write(`${name}: ${found.passed ? 'passed' : 'FAILED'} in ${found.took} s\n`);
      for (const problem of found.problems) process.stdout.write(`  ${problem}\n`);
      done.push({ name, title, ...found });
    }
    // After each part: what is known stays known, whatever ends this.
    write(settings, machine, done);
  }
  return failed === 0 ? 0 : 1;
}

async function tryPart(
  { name, run }: Part,
  settings: Settings,
): Promise<Found & { readonly passed: boolean; readonly took: number }> {
  const began = performance.now();
  const found = await run().catch(problem);
  const problems = [...found.problems, ...(await tidy(new Product(settings)).catch(problemsOf))];
  const took = Math.round((performance.now() - began) / 100) / 10;
  if (settings.record && found.run) {
    try {
      recordRun(name, join(settings.work, 'runs', found.run), settings, settings.record);
    } catch (error) {
      problems.push(...problemsOf(error));
    }
  }
  return { passed: problems.length === 0, took, ...found, problems };
}

function problem(error: unknown): Found {
  return { problems: problemsOf(error) };
}

function problemsOf(error: unknown): readonly string[] {
  return [error instanceof Error ? error.message : String(error)];
}

function partsOf(settings: Settings, machine: Machine): readonly Part[] {
  const product = new Product(settings);
  const gpus = machine.gpus.length;
  const fits = (needed: number, cpu: true | undefined) => {
    if (settings.cpu) return cpu ? undefined : 'an engine on the CPU cannot show it';
    return gpus >= needed
      ? undefined
      : `needs ${needed} GPUs, and there ${gpus === 1 ? 'is' : 'are'} ${gpus}`;
  };
  return [
    {
      name: 'second-start',
      title: 'the second start of a config beside its first, with kernel caches that were empty',
      skip: fits(1, undefined),
      run: async () => trySecondStart(product, settings),
    },
    ...serviceParts(settings).map((part) => ({
      name: part.name,
      title: part.title,
      skip: fits(part.gpus, part.cpu),
      run: async () => ({ ...(await tryService(part, product, settings)) }),
    })),
    ...failureParts(settings).map((part) => ({
      name: part.name,
      title: part.title,
      skip: fits(1, part.cpu),
      run: async () => ({ ...(await tryFailure(part, product, settings)) }),
    })),
  ];
}

function write(settings: Settings, machine: Machine, parts: readonly object[]): void {
  if (settings.out === undefined) return;
  const { version } = JSON.parse(readFileSync(join(settings.package, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const { engine, cpu, args, env } = settings;
  const whole = {
    schema: 'dyn-slurm/gpu-test/1',
    date: new Date().toISOString().slice(0, 10),
    dynSlurm: version,
    engine,
    on: cpu ? 'cpu' : 'gpu',
    machine,
    args,
    env,
    parts,
  };
  mkdirSync(dirname(settings.out), { recursive: true });
  writeFileSync(settings.out, `${JSON.stringify(whole, undefined, 2)}\n`);
}
