// What dyn-slurm costs: the same service with the same load, started by hand and through dyn-slurm in turns, each alone on
// the GPU; and how much later its engine says its first line. Prints one line of JSON. See docs/gpu.md.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchClient } from '../../src/bench/client/client.ts';
import { processesOf, startOfProcess } from '../processes.ts';
import { ByHand } from './by-hand.ts';
import { SERVED, writeConfig } from './config.ts';
import { leftAfter, leftWrong, lookAt, memoryInUse } from './machine.ts';
import { makeModels } from './models.ts';
import { type Pair, type Started, summary } from './overhead-summary.ts';
import { role } from './parts.ts';
import { awaitEvent, Product, type Submitted } from './product.ts';
import { readSettings, type Settings } from './settings.ts';
import { tidy, tidyOnSignals } from './tidy.ts';

const LOADS = {
  gpu: { concurrency: 64, requests: 640, isl: 512, osl: 128 },
  cpu: { concurrency: 2, requests: 4, isl: 32, osl: 8 },
};
/** Measured pairs of services, and loads of each; two pairs for a whole ABBA. One of each comes before, to warm up. */
const PAIRS = Number(process.env.BENCH_ROUNDS ?? 4);
const LOADS_EACH = 3;

/** A service that is coming up. */
interface Service {
  /** Before it was asked for, in milliseconds since 1970. */
  readonly at: number;
  readonly log: () => string | undefined;
  /** When the engine's process was started, once it has written. */
  readonly process: () => number;
  /** @returns the URL, once it serves */
  readonly ready: () => Promise<string>;
  /** @throws where something of it is left */
  readonly stop: () => Promise<void>;
}

const settings = readSettings(process.argv.slice(2));
if (settings === 'help') throw new Error('npm run bench -- --gpu takes the options of npm run test:gpu');
const machine = lookAt(settings);
if (typeof machine === 'string') process.stdout.write(`${JSON.stringify({ skipped: machine })}\n`);
else {
  mkdirSync(settings.work, { recursive: true });
  makeModels(settings);
  const load = LOADS[settings.cpu ? 'cpu' : 'gpu'];
  const product = new Product(settings);
  const pairs: Pair[] = [];
  tidyOnSignals(product);
  try {
    // A CPU compiles nothing.
    for (let round = settings.cpu ? 1 : 0; round <= PAIRS; round++) {
      const pair = await measurePair(round, product, settings);
      if (round === 0) continue;
      pairs.push(pair);
      // After each pair: what is known stays known, whatever ends this.
      const whole = JSON.stringify({ machine, load, ...summary(pairs) });
      if (settings.out) writeFileSync(settings.out, `${whole}\n`);
      if (round === PAIRS) process.stdout.write(`${whole}\n`);
    }
  } finally {
    await tidy(product);
    if (settings.temporary) rmSync(settings.work, { recursive: true, force: true });
  }
}

async function measurePair(round: number, product: Product, settings: Settings): Promise<Pair> {
  const start = { byHand: () => byHand(settings), launched: () => launched(product, settings) };
  const order = round % 2 === 0 ? (['launched', 'byHand'] as const) : (['byHand', 'launched'] as const);
  const pair: Partial<Record<keyof typeof start, Started>> = {};
  for (const which of order) {
    process.stderr.write(`${round === 0 ? 'warming up' : `pair ${round} of ${PAIRS}`}: ${which}\n`);
    pair[which] = await measure(await start[which](), round, settings);
    process.stderr.write(`${JSON.stringify(pair[which])}\n`);
  }
  return pair as Pair;
}

async function measure(service: Service, round: number, settings: Settings): Promise<Started> {
  let stopping: Promise<void> | undefined;
  try {
    const line = await firstLine(service.log, settings.patience);
    const started = service.process();
    const url = await service.ready();
    const ready = Date.now();
    const loads = [];
    await load(url, 0, settings);
    for (let time = 1; round > 0 && time <= LOADS_EACH; time++)
      loads.push(await load(url, round * LOADS_EACH + time, settings));
    stopping = service.stop();
    await stopping;
    const { at } = service;
    return { processMs: started - at, firstLineMs: line - at, readyMs: ready - at, loads };
  } finally {
    // What went wrong first is told.
    if (stopping === undefined) await service.stop().catch(() => {});
  }
}

async function byHand(settings: Settings): Promise<Service> {
  const before = memoryInUse(settings);
  const hand = new ByHand(settings);
  await hand.start();
  return {
    at: hand.at,
    log: () => hand.log,
    process: () => hand.at,
    ready: async () => {
      await hand.ready();
      return hand.url;
    },
    stop: async () => {
      await hand.stop();
      await clean(hand.folder, before, settings);
    },
  };
}

async function launched(product: Product, settings: Settings): Promise<Service> {
  const before = memoryInUse(settings);
  const run = await product.submit(writeConfig('overhead', { aggregated: role(settings) }, settings));
  return {
    at: run.at,
    log: () => workerLog(run),
    process: () => engineStarted(run, settings),
    ready: async () => {
      const first = await awaitEvent(run, ['ready', 'verdict'], settings.patience);
      if (first.kind !== 'ready') throw new Error(JSON.stringify(first));
      await run.answered;
      return first.url;
    },
    stop: async () => {
      await product.call(['cancel', run.id]);
      await clean(run.dir, before, settings);
    },
  };
}

/** The next service finds the GPU as this one found it. */
async function clean(folder: string, before: readonly number[], settings: Settings): Promise<void> {
  const wrong = leftWrong(await leftAfter(folder, before, settings));
  if (wrong.length > 0) throw new Error(wrong.join('; '));
}

async function load(url: string, seed: number, { cpu }: Settings): Promise<Started['loads'][number]> {
  const { isl, ...rest } = LOADS[cpu ? 'cpu' : 'gpu'];
  const client = new BenchClient(url, SERVED, true);
  const signal = AbortSignal.timeout(600_000);
  try {
    await client.calibrate(isl, signal);
    const measured = await client.run(
      { ...rest, isl, rate: 'inf', ratio: 1, seed: seed + 1 },
      signal,
      () => {},
    );
    if (measured.failed) throw new Error(`${measured.failed} requests of ${rest.requests} failed`);
    return {
      outputTokensPerSecond: measured.outputTokens / measured.seconds,
      ttftP50: measured.ttft?.p50 ?? Number.NaN,
      itlP50: measured.itl?.p50 ?? Number.NaN,
    };
  } finally {
    await client.close();
  }
}

/** When a log gets its first line, in milliseconds since 1970. */
async function firstLine(log: () => string | undefined, patience: number): Promise<number> {
  const until = Date.now() + patience * 1000;
  for (;;) {
    const file = log();
    // What the step itself says is not the engine's; nor is what the CPU engine's wrapper says.
    const lines = file === undefined ? '' : read(file).replaceAll(/^(dyn-slurm|cpu): .*\n/gm, '');
    if (lines.includes('\n')) return Date.now();
    if (Date.now() > until) throw new Error(`${file} has no line after ${patience} s`);
    await sleep(5);
  }
}

function engineStarted({ dir }: Submitted, { engine }: Settings): number {
  const worker = new RegExp(`^\\d+ \\S*python\\S* .*-m dynamo\\.${engine}( |$)`);
  const processes = processesOf(dir);
  const found = processes.find((line) => worker.test(line));
  if (found === undefined) throw new Error(`no engine among ${processes.join('; ').slice(0, 2000)}`);
  return startOfProcess(Number.parseInt(found, 10));
}

function workerLog({ dir }: Submitted): string | undefined {
  try {
    const name = readdirSync(join(dir, 'logs')).find((file) => file.startsWith('aggregated-0.'));
    return name && join(dir, 'logs', name);
  } catch {
    return undefined;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
