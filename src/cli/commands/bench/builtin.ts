import { join } from 'node:path/posix';
import type { BenchClient, Progress } from '../../../bench/client/client.ts';
import { pointRecordText } from '../../../bench/point-record.ts';
import { BUILTIN_SCHEMA, type BuiltinResult } from '../../../bench/tool/measured.ts';
import { EXIT } from '../../../errors.ts';
import { timeLimit } from '../../../host/time-limit.ts';
import { type Measurement, measurements } from '../../../plan/bench/measurements.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { EventOf } from '../../../run/events.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import { tunnelTo } from '../../runs/tunnel.ts';
import { jsonText } from '../../sink.ts';
import type { World } from '../../world.ts';
import { type BenchEnd, conclude, type WantedBench, writeBench } from './wanted.ts';

interface Service extends FoundRun {
  readonly service: Pick<EventOf<'ready'>, 'url' | 'model'>;
}

/** Runs a benchmark with the built-in client, on this machine; what is done when it is interrupted stays. */
export async function runBuiltin(wanted: WantedBench, target: Service, world: World): Promise<BenchEnd> {
  const { plan, done } = wanted;
  const bench = plan.bench?.config;
  if (bench?.isl === undefined || bench.osl === undefined) throw new Error('a load without lengths');
  const all = measurements(bench);
  const { url, model } = target.service;
  const { host } = target.connection;
  const tunnel = host.dial && (await tunnelTo(url, host, 0, world));
  const { BenchClient: Client } = await import('../../../bench/client/client.ts');
  const client = new Client(
    tunnel ? `http://127.0.0.1:${tunnel.port}` : url,
    model,
    bench.chat_template !== false,
  );
  try {
    await client.calibrate(bench.isl, world.signal);
    await writeBench(wanted, target, new Map(), world);
    for (const measurement of all) {
      if (world.signal.aborted) break;
      if (done.has(measurement.folder)) continue;
      await measure(measurement, all.length, { client, wanted, target, world });
    }
  } finally {
    await client.close();
    tunnel?.close();
  }
  return world.signal.aborted
    ? { exit: null, reason: 'the benchmark was interrupted' }
    : { exit: 0, reason: 'the benchmark has ended' };
}

/** Runs the built-in benchmark of a config against its rehearsal; the exit code. */
export async function rehearseBench(
  { plan: whole, ...target }: Service & { readonly plan: Plan },
  options: { readonly json?: boolean },
  world: World,
): Promise<number> {
  const name = `bench-${world.randomHex(3)}`;
  const plan = shortened(whole);
  if (plan !== whole)
    world.err.write(
      `the benchmark is shortened to ${plan.bench?.config.requests} requests each: figures of mock engines say nothing about GPUs\n`,
    );
  const wanted = { name, plan, original: plan, overlay: undefined, done: new Set<string>(), again: false };
  const end = await runBuiltin(wanted, target, world);
  return world.signal.aborted ? EXIT.interrupted : conclude(wanted, end, target, options, world);
}

/** Tokens that mock engines are made to answer with in each measurement of a rehearsal, at most. */
const MOCK_TOKENS = 32_768;

/** With fewer requests, and no warm-up, where a measurement would take long. */
export function shortened(plan: Plan): Plan {
  const { bench } = plan;
  if (bench === undefined) return plan;
  const most = Math.max(4, Math.floor(MOCK_TOKENS / (bench.config.osl ?? 1)));
  if (measurements(bench.config).every(({ prompts, warmup }) => prompts + warmup <= most)) return plan;
  const config = { ...bench.config, requests: most, warmup_per_concurrency: 0 };
  return { ...plan, bench: { ...bench, config } };
}

interface Measuring {
  readonly client: BenchClient;
  readonly wanted: WantedBench;
  readonly target: Service;
  readonly world: World;
}

async function measure(measurement: Measurement, of: number, measuring: Measuring): Promise<void> {
  const { client, wanted, target, world } = measuring;
  const { index, concurrency, prompts, warmup, folder } = measurement;
  const bench = wanted.plan.bench?.config;
  const which = `benchmark ${index} of ${of}, concurrency ${concurrency}`;
  world.err.write(`${which}\n`);
  const load = {
    concurrency,
    rate: measurement.rate,
    slo: bench?.slo,
    isl: bench?.isl ?? 1,
    osl: bench?.osl ?? 1,
    ratio: bench?.random_range_ratio ?? 1,
  };
  if (warmup > 0)
    await client.run({ ...load, rate: 'inf', requests: warmup, seed: -index }, world.signal, () => {});
  const limit = bench?.point_time_limit;
  const late = limit === undefined ? undefined : timeLimit(limit * 1000);
  const signal = late ? AbortSignal.any([world.signal, late]) : world.signal;
  const started = world.now().getTime();
  const show = progressLines(which, prompts, world);
  const measured = await client.run({ ...load, requests: prompts, seed: index }, signal, show);
  const how = world.signal.aborted ? 'told' : late?.aborted ? 'late' : 'itself';
  const record = { started, ended: world.now().getTime(), status: how === 'itself' ? 0 : 130, how } as const;
  const result: BuiltinResult = {
    schema: BUILTIN_SCHEMA,
    concurrency,
    requestRate: load.rate,
    prompts,
    ...measured,
  };
  const parent = join(target.run.dir, 'results', wanted.name);
  const { host } = target.connection;
  // What was cut off before stays.
  const place = (await host.list(parent)).includes(folder) ? `${folder}@${started}` : folder;
  await host.writeFiles(
    join(parent, place),
    new Map([
      ['result.json', { text: jsonText(result), mode: 0o600 }],
      ['point', { text: pointRecordText(record), mode: 0o600 }],
    ]),
  );
}

/** Milliseconds between two lines that say how far it is. */
const EVERY = 5000;

function progressLines(which: string, prompts: number, { err }: World): (progress: Progress) => void {
  let next = EVERY;
  return ({ done, outputTokens, seconds }) => {
    if (seconds * 1000 < next || done === prompts) return;
    next = seconds * 1000 + EVERY;
    err.write(`${which}: ${done}/${prompts} requests, ${Math.round(outputTokens / seconds)} tok/s\n`);
  };
}
