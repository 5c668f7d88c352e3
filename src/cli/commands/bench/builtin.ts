import { join } from 'node:path/posix';
import type { BenchClient, Progress } from '../../../bench/client/client.ts';
import { pointRecordText } from '../../../bench/point-record.ts';
import { BUILTIN_SCHEMA, type BuiltinResult } from '../../../bench/tool/builtin.ts';
import { DynSlurmError } from '../../../errors.ts';
import type { Host } from '../../../host/host.ts';
import { timeLimit } from '../../../host/time-limit.ts';
import { openTunnel } from '../../../host/tunnel.ts';
import { type Measurement, measurements } from '../../../plan/bench/measurement.ts';
import type { EventOf } from '../../../run/events.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import type { World } from '../../world.ts';
import { writeBench } from './files.ts';
import type { BenchEnd, WantedBench } from './request.ts';

export interface Service extends FoundRun {
  readonly service: Pick<EventOf<'ready'>, 'url' | 'model'>;
}

/** Runs a benchmark with the built-in client, on this machine; what is done when it is interrupted stays. */
export async function runBuiltin(wanted: WantedBench, target: Service, world: World): Promise<BenchEnd> {
  const { plan, done } = wanted;
  const bench = plan.bench?.config;
  if (bench?.isl === undefined || bench.osl === undefined) throw new Error('a load without lengths');
  const all = measurements(bench);
  const wait = await wayTo(target.service.url, target.connection.host, world);
  const { BenchClient: Client } = await import('../../../bench/client/client.ts');
  const client = new Client(wait.url, target.service.model);
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
    wait.close();
  }
  return world.signal.aborted
    ? { exit: null, reason: 'the benchmark was interrupted' }
    : { exit: 0, reason: 'the benchmark has ended' };
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
    rate: bench?.request_rate ?? 'inf',
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
      ['result.json', { text: `${JSON.stringify(result, null, 2)}\n`, mode: 0o600 }],
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

/** The service from here: as it is, or through a login node. */
async function wayTo(
  url: string,
  host: Host,
  { err }: World,
): Promise<{ readonly url: string; close(): void }> {
  if (host.dial === undefined) return { url, close: () => {} };
  const target = new URL(url);
  const problems = new Set<string>();
  const tunnel = await openTunnel({
    port: 0,
    orAny: true,
    dial: async () => {
      if (host.dial === undefined) throw new DynSlurmError('connection', `${host.name} has no way to ${url}`);
      return host.dial(target.hostname.replace(/^\[|\]$/g, ''), Number(target.port) || 80);
    },
    onProblem: ({ message }) => {
      if (!problems.has(message)) err.write(`${host.name} cannot reach ${url}: ${message}\n`);
      problems.add(message);
    },
  });
  return { url: `http://127.0.0.1:${tunnel.port}`, close: () => tunnel.close() };
}
