// What dyn-slurm costs: the same load on the same service, started by hand and through dyn-slurm, side by side on one GPU
// and loaded in turns; and how much later an engine says its first line. Prints one line of JSON. See docs/gpu.md.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchClient } from '../../src/bench/client/client.ts';
import { ByHand } from './by-hand.ts';
import { SERVED, writeConfig, writeProfile } from './config.ts';
import { lookAt, processesOf } from './machine.ts';
import { makeModels } from './models.ts';
import { role } from './parts.ts';
import { awaitEvent, Product, type Submitted } from './product.ts';
import { readSettings, type Settings } from './settings.ts';

const LOADS = {
  gpu: { concurrency: 64, requests: 640, isl: 512, osl: 128 },
  cpu: { concurrency: 4, requests: 24, isl: 64, osl: 16 },
};
/** Pairs of loads, and pairs of starts. */
const PAIRS = Number(process.env.BENCH_ROUNDS ?? 6);
const STARTS = 3;

interface Loaded {
  readonly outputTokensPerSecond: number;
  readonly ttftP50: number;
  readonly itlP50: number;
  readonly failed: number;
}

const settings = readSettings(process.argv.slice(2));
if (settings === 'help') throw new Error('npm run bench -- --gpu takes the options of npm run test:gpu');
const machine = lookAt(settings);
if (typeof machine === 'string') process.stdout.write(`${JSON.stringify({ skipped: machine })}\n`);
else {
  mkdirSync(settings.work, { recursive: true });
  makeModels(settings);
  writeProfile(settings);
  const load = await loads(settings);
  const whole = JSON.stringify({ machine, ...load, ...(await starts(settings)) });
  if (settings.out) writeFileSync(settings.out, `${whole}\n`);
  process.stdout.write(`${whole}\n`);
  if (settings.temporary) rmSync(settings.work, { recursive: true, force: true });
}

/** Milliseconds to the engine's first line: by hand from the start of its process, else from the submission. */
async function starts(settings: Settings): Promise<object> {
  const product = new Product(settings);
  const config = writeConfig('overhead', { aggregated: role(settings) }, settings);
  const rounds: { byHand: number; submitted: number; process: number }[] = [];
  // One more, whose files may still have to be read from the disk.
  for (let round = 0; round <= STARTS; round++) {
    const hand = new ByHand(settings);
    await hand.start();
    const byHand = (await firstLine(() => hand.log)) - hand.at;
    await hand.stop();
    const run = await product.submit(config);
    const started = await engineStarted(run, settings);
    const submitted = (await firstLine(() => workerLog(run))) - run.at;
    await product.call(['cancel', run.id]);
    if (round > 0) rounds.push({ byHand, submitted, process: started - run.at });
  }
  const added = median(rounds.map((round) => round.submitted - round.byHand));
  return { starts: rounds, addedMs: added, processMs: median(rounds.map((round) => round.process)) };
}

async function loads(settings: Settings): Promise<object> {
  const product = new Product(settings);
  const hand = new ByHand(settings);
  await hand.start();
  await hand.ready().catch(async (error: unknown) => {
    await hand.stop();
    throw error;
  });
  const run = await product.submit(writeConfig('overhead', { aggregated: role(settings) }, settings));
  try {
    const first = await awaitEvent(run, ['ready', 'verdict'], settings.patience);
    if (first.kind !== 'ready') throw new Error(JSON.stringify(first));
    const urls = { byHand: hand.url, launched: first.url };
    const rounds: Record<keyof typeof urls, Loaded>[] = [];
    // The first pair warms both up.
    for (let round = 0; round <= PAIRS; round++) {
      const order = round % 2 === 0 ? (['byHand', 'launched'] as const) : (['launched', 'byHand'] as const);
      const pair: Partial<Record<keyof typeof urls, Loaded>> = {};
      for (const which of order) pair[which] = await load(urls[which], round, settings);
      if (round > 0) rounds.push(pair as Record<keyof typeof urls, Loaded>);
    }
    const ratio = (key: keyof Loaded) =>
      median(rounds.map(({ byHand, launched }) => launched[key] / byHand[key]));
    return {
      load: LOADS[settings.cpu ? 'cpu' : 'gpu'],
      rounds,
      ratios: {
        outputTokensPerSecond: ratio('outputTokensPerSecond'),
        ttftP50: ratio('ttftP50'),
        itlP50: ratio('itlP50'),
      },
    };
  } finally {
    await product.call(['cancel', run.id]);
    await hand.stop();
  }
}

async function load(url: string, seed: number, { cpu }: Settings): Promise<Loaded> {
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
    return {
      outputTokensPerSecond: measured.outputTokens / measured.seconds,
      ttftP50: measured.ttft?.p50 ?? Number.NaN,
      itlP50: measured.itl?.p50 ?? Number.NaN,
      failed: measured.failed ?? 0,
    };
  } finally {
    await client.close();
  }
}

/** When a log gets its first line, in milliseconds since 1970. */
async function firstLine(log: () => string | undefined, patience = 180_000): Promise<number> {
  const until = Date.now() + patience;
  for (;;) {
    const file = log();
    // What the step itself says is not the engine's.
    const lines = file === undefined ? '' : read(file).replaceAll(/^dyn-slurm: .*\n/gm, '');
    if (lines.includes('\n')) return Date.now();
    if (Date.now() > until) throw new Error(`${file} has no line after ${patience / 1000} s`);
    await sleep(5);
  }
}

async function engineStarted({ dir }: Submitted, { engine }: Settings): Promise<number> {
  const until = Date.now() + 60_000;
  while (
    !processesOf(dir).some((line) => new RegExp(`^\\d+ \\S*python\\S* .*-m dynamo\\.${engine}`).test(line))
  ) {
    if (Date.now() > until) throw new Error(`no engine was started: ${processesOf(dir).join('; ')}`);
    await sleep(10);
  }
  return Date.now();
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

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
