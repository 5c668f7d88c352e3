import { readBench } from '../../../bench/read.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import { type BenchTarget, benchTarget, readyService } from '../../runs/bench-target.ts';
import { jobOf } from '../../runs/session/change.ts';
import { benchText } from '../../views/bench-text.ts';
import type { World } from '../../world.ts';
import { conclude } from './conclusion.ts';
import { benchOverlay } from './flags.ts';
import type { BenchEnd, BenchOptions, WantedBench } from './request.ts';
import { resumed } from './resume.ts';

/** `dyn-slurm bench [RUN] [-- CMD...]`: measures a service that runs, or shows what was measured. */
export async function bench(
  query: string | undefined,
  words: readonly string[],
  options: BenchOptions,
  world: World,
): Promise<number> {
  const overlay = benchOverlay(options, words);
  const nothingAsked = overlay === undefined && options.resume === undefined;
  const meant = options.show ? 'shown' : nothingAsked && !options.stop ? 'measured' : 'serving';
  const target = await benchTarget(query ?? options.run, { ...options, meant }, world);
  if (overlay !== undefined && options.resume !== undefined) {
    throw new DynSlurmError(
      'usage',
      'a resumed benchmark keeps its settings: --resume cannot be combined with other options',
    );
  }
  if (options.show || (target.state.verdict && nothingAsked && !options.stop))
    return show(target, options, world);
  const service = readyService(target);
  if (options.stop) {
    const { stopBench } = await import('./step.ts');
    await stopBench(target, world);
    return EXIT.ok;
  }
  const wanted = await wantedBench(target, overlay, options, world);
  if (wanted === undefined) return EXIT.config;
  const end = await run(wanted, target, service, options, world);
  if (end === undefined) return EXIT.interrupted;
  return conclude(wanted, end, target, options, world);
}

async function run(
  wanted: WantedBench,
  target: BenchTarget,
  service: ReturnType<typeof readyService>,
  options: BenchOptions,
  world: World,
): Promise<BenchEnd | undefined> {
  if (wanted.plan.bench?.config.type === 'builtin') {
    const { runBuiltin } = await import('./builtin.ts');
    return runBuiltin(wanted, { ...target, service }, world);
  }
  const { runStep } = await import('./step.ts');
  return runStep(wanted, target, options, world);
}

/** @throws DynSlurmError `usage` where neither the config nor the command line says what to run. */
async function wantedBench(
  { run: { id, dir, name, job }, connection }: BenchTarget,
  overlay: string | undefined,
  { resume }: BenchOptions,
  world: World,
): Promise<WantedBench | undefined> {
  const run = { id, dir, name, ...(job && { job }) };
  const of = { run, connection, job: { cluster: connection.cluster } };
  const earlier = resume === undefined ? undefined : await resumed(resume, run, connection, world);
  const laid = earlier ? earlier.overlay : overlay;
  const [own, valid] = [await jobOf(of, undefined, world), await jobOf(of, laid, world)];
  if (valid === undefined || own === undefined) return undefined;
  if (valid.plan.bench === undefined) {
    throw new DynSlurmError('usage', `the config of ${id} has no bench`, {
      hint: 'specify what to measure: `dyn-slurm bench --type builtin --isl 1024 --osl 128 --concurrency 1x8`, or give a command after --; it gets DYN_SLURM_URL, DYN_SLURM_MODEL and DYN_SLURM_RESULTS in its environment',
    });
  }
  const again = earlier?.run === id && earlier.name !== undefined;
  return {
    name: again ? (earlier.name ?? '') : `bench-${world.randomHex(3)}`,
    plan: valid.plan,
    original: own.plan,
    overlay: laid,
    done: earlier?.done ?? new Set(),
    again,
  };
}

async function show({ run, connection }: BenchTarget, options: BenchOptions, world: World): Promise<number> {
  const results = await readBench(connection.host, run);
  if (results.length === 0) {
    throw new DynSlurmError('usage', `run ${run.id} has no benchmark`, {
      hint: 'add `bench:` to the config, or run one while the job serves; see `dyn-slurm bench --help`',
    });
  }
  world.out.write(
    options.json
      ? `${JSON.stringify(results, null, 2)}\n`
      : results.map((result) => benchText(result, world.page)).join('\n'),
  );
  return results.every(({ valid }) => valid) ? EXIT.ok : EXIT.benchmarkInvalid;
}
