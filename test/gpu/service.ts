import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchResult } from '../../src/bench/result.ts';
import { completion, embeddings, type Figures, repeatedPrompt } from './clients.ts';
import { SERVED, writeConfig } from './config.ts';
import { type Leftovers, leftAfter, leftWrong, memoryInUse } from './machine.ts';
import type { ServicePart } from './parts.ts';
import { awaitEvent, eventOf, last, type Product, type Submitted } from './product.ts';
import type { Settings } from './settings.ts';
import { type Start, startOf } from './start.ts';

/** What was measured of a service, and what was wrong. */
export interface ServiceFigures {
  readonly run?: string;
  /** Seconds from the submission until the service was ready. */
  readonly ready?: number;
  readonly start?: Start;
  readonly request?: Figures;
  /** A prompt that is asked for again: prompt tokens, and those found in a cache. */
  readonly cached?: Figures;
  readonly bench?: readonly Figures[];
  readonly profile?: Figures;
  readonly gpuLog?: Figures;
  readonly report?: Figures;
  readonly teardown?: Figures & { readonly left: Leftovers };
  readonly problems: readonly string[];
}

const CONCURRENCIES = { gpu: '1x16x64', cpu: '1x2x4' };

/** Starts a service, asks it all that there is to ask, and ends it. Each thing that goes wrong is a problem, and the next is tried. */
export async function tryService(
  part: ServicePart,
  product: Product,
  settings: Settings,
): Promise<ServiceFigures> {
  const figures: { -readonly [Key in keyof ServiceFigures]: ServiceFigures[Key] } = { problems: [] };
  const problems: string[] = [];
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const before = memoryInUse(settings);
  let run: Submitted | undefined;
  await attempt('submit', async () => {
    run = await product.submit(writeConfig(part.name, part.config, settings, part.model));
    figures.run = run.id;
  });
  if (run === undefined) return { ...figures, problems };
  const its = run;
  const watch = product.background(['watch', its.id, '--json'], `printed/${part.name}.watch.jsonl`);
  await attempt('ready', async () => {
    const first = await awaitEvent(its, ['ready', 'verdict'], settings.patience);
    if (first.kind !== 'ready') throw new Error(JSON.stringify(first));
    figures.ready = seconds(Date.parse(first.time) - its.at);
  });
  await its.answered;
  const url = eventOf(its, 'ready')?.url;
  if (url !== undefined && eventOf(its, 'verdict') === undefined) {
    if (part.surface === 'embeddings') {
      await attempt('embeddings', async () => {
        figures.bench = await embeddings(url, SERVED, settings.cpu ? [1, 2, 4] : [1, 16, 64]);
      });
    } else {
      await attempt('streamed completion', async () => {
        figures.request = await completion(url, SERVED, 32);
      });
      if (part.kv)
        await attempt('KV routing', async () => {
          figures.cached = await repeatedPrompt(url, SERVED);
        });
      await attempt('bench', async () => {
        figures.bench = await bench(its, product, settings);
      });
      await attempt('profile', async () => {
        figures.profile = await profile(its, product, settings);
      });
    }
    await attempt('GPU log', async () => {
      figures.gpuLog = gpuLog(its, settings);
    });
  }
  await attempt('teardown', async () => {
    const { seconds: took, code, stdout, stderr } = await product.call(['cancel', its.id]);
    if (code !== 0) throw new Error(`cancel ended with ${code}: ${last(stderr || stdout)}`);
    // It reads the run's files.
    await watch.stop();
    const { seconds: later, ...left } = await leftAfter(its.dir, before, settings);
    figures.teardown = { cancel: seconds(took * 1000), cleanAfter: seconds(later * 1000), left };
    const wrong = leftWrong(left);
    if (wrong.length > 0) throw new Error(wrong.join('; '));
  });
  await attempt('report', async () => {
    figures.report = await report(its, part.name, product, settings);
  });
  await attempt('start', async () => {
    figures.start = startOf(its, join(settings.work, `printed/${part.name}.watch.jsonl`));
  });
  return { ...figures, problems };
}

async function bench(run: Submitted, product: Product, { cpu }: Settings): Promise<readonly Figures[]> {
  const [isl, osl, concurrency] = cpu ? ['64', '16', CONCURRENCIES.cpu] : ['512', '128', CONCURRENCIES.gpu];
  const words = ['--type', 'builtin', '--isl', isl, '--osl', osl, '--concurrency', concurrency];
  const { stdout, stderr, code } = await product.call(['bench', run.id, ...words, '--json']);
  if (stdout.trim() === '') throw new Error(`ended with ${code}: ${last(stderr)}`);
  const parsed = JSON.parse(stdout) as BenchResult | readonly BenchResult[];
  const [result] = Array.isArray(parsed) ? (parsed as BenchResult[]).slice(-1) : [parsed as BenchResult];
  if (!result?.valid) throw new Error(`is not valid: ${JSON.stringify(result?.problems)}`);
  return result.points.map((point) => ({
    concurrency: point.concurrency,
    requests: point.completed,
    failed: point.failed,
    outputTokensPerSecond: round(point.outputTokensPerSecond),
    ttftP50: round(point.ttft?.p50),
    itlP50: round(point.itl?.p50 ?? point.tpot?.p50),
    e2eP50: round(point.e2e?.p50),
    ...(point.energy && { joulesPerOutputToken: round(point.energy.perOutputToken) }),
  }));
}

/** A profile of a few forward passes under load. */
async function profile(run: Submitted, product: Product, { cpu }: Settings): Promise<Figures> {
  const load = cpu ? ['64', '64', '2', '20'] : ['512', '128', '16', '2000'];
  const [isl = '', osl = '', concurrency = '', requests = ''] = load;
  const under = product.background(
    [
      'bench',
      run.id,
      '--type',
      'builtin',
      '--isl',
      isl,
      '--osl',
      osl,
      '--concurrency',
      concurrency,
      '--requests',
      requests,
    ],
    `printed/${run.id}.load.txt`,
  );
  try {
    const began = performance.now();
    const { code, stdout, stderr } = await product.call(
      ['profile', run.id, ...rolesOf(run), '--steps', '10', '--json'],
      180,
    );
    if (code !== 0) throw new Error(`ended with ${code}: ${last(stderr || stdout)}`);
    const { workers } = JSON.parse(stdout) as {
      readonly workers: readonly { readonly traces: readonly { readonly bytes: number }[] }[];
    };
    const bytes = workers.flatMap(({ traces }) => traces.map((trace) => trace.bytes));
    if (bytes.length === 0 || bytes.some((size) => size < 1000)) throw new Error(`traces of ${bytes} bytes`);
    return {
      traces: bytes.length,
      bytes: bytes.reduce((sum, size) => sum + size, 0),
      seconds: seconds(performance.now() - began),
    };
  } finally {
    await under.stop();
  }
}

/** One role is profiled at a time: the decode workers of a run that has them. */
function rolesOf({ dir }: Submitted): readonly string[] {
  return existsSync(join(dir, 'steps/decode-0.sh')) ? ['--role', 'decode'] : [];
}

/** What nvidia-smi has recorded of the run: it must have seen all GPUs at work. */
function gpuLog({ dir }: Submitted, { cpu }: Settings): Figures {
  const files = readdirSync(join(dir, 'logs')).filter((name) => /^gpu\..*\.csv$/.test(name));
  const rows = files.flatMap((name) => {
    const [head = '', ...lines] = readFileSync(join(dir, 'logs', name), 'utf8')
      .trim()
      .split('\n');
    const names = head.split(',').map((cell) => cell.trim().replace(/ \[.*/, ''));
    return lines.map((line) =>
      Object.fromEntries(line.split(',').map((cell, at) => [names[at] ?? '', cell.trim()])),
    );
  });
  const most = (name: string) => Math.max(0, ...rows.map((row) => Number.parseFloat(row[name] ?? '0') || 0));
  const gpus = new Set(rows.map(({ index }) => index)).size;
  const seen = {
    samples: rows.length,
    gpus,
    utilizationMax: most('utilization.gpu'),
    memoryMibMax: most('memory.used'),
    wattsMax: most('power.draw'),
  };
  if (gpus === 0 || (!cpu && seen.utilizationMax === 0))
    throw new Error(`shows no GPU at work: ${JSON.stringify(seen)}`);
  return seen;
}

async function report(run: Submitted, name: string, product: Product, { work }: Settings): Promise<Figures> {
  const file = join(work, 'printed', `${name}.html`);
  const { code, stderr } = await product.call(['report', run.id, '-o', file]);
  if (code !== 0) throw new Error(`ended with ${code}: ${last(stderr)}`);
  const { size } = statSync(file);
  if (!readFileSync(file, 'utf8').includes(run.id)) throw new Error('does not name its run');
  copyFileSync(join(run.dir, 'events.jsonl'), join(work, 'printed', `${name}.events.jsonl`));
  return { bytes: size };
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

function round(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toPrecision(4));
}
