import { foundPoints } from '../../../bench/found-points.ts';
import { isWhole } from '../../../bench/point-record.ts';
import { benchOutlines, readBench } from '../../../bench/read.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import { CONFIGURED } from '../../../plan/bench/spec.ts';
import { type BenchTarget, benchTarget, readyService } from '../../runs/bench-target.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import { lookUpRun } from '../../runs/lookup.ts';
import { jobOf } from '../../runs/session/change.ts';
import { jsonText } from '../../sink.ts';
import { benchText } from '../../views/bench-text.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';
import { type BenchFlags, benchOverlay, overlayOf } from './flags.ts';
import { conclude, type WantedBench } from './wanted.ts';

export interface BenchOptions extends RunOptions, BenchFlags {
  /** The run; also the word before `--`. */
  readonly run?: string;
  /** Go on with a benchmark that was cut off: of that run, or of the same one. */
  readonly resume?: string | boolean;
  /** End the one that runs. */
  readonly stop?: boolean;
  /** Only print what is there. */
  readonly show?: boolean;
}

/** `dyn-slurm bench [RUN] [-- CMD...]`: measures a service that runs, or shows what was measured. */
export async function bench(
  query: string | undefined,
  words: readonly string[],
  options: BenchOptions,
  world: World,
): Promise<number> {
  const overlay = benchOverlay(options, words);
  const nothingAsked = overlay === undefined && options.resume === undefined && !options.stop;
  const meant = options.show ? 'shown' : nothingAsked ? 'measured' : 'serving';
  const target = await benchTarget(query ?? options.run, { ...options, meant }, world);
  if (overlay !== undefined && options.resume !== undefined) {
    throw new DynSlurmError(
      'usage',
      'a resumed benchmark keeps its settings: --resume cannot be combined with other options',
    );
  }
  if (options.show || (target.state.verdict && nothingAsked)) return show(target, options, world);
  const hint = 'submit it again, and continue in the new run with `dyn-slurm bench RUN --resume OLD-RUN`';
  const service = readyService(target, hint);
  if (options.stop) {
    const { stopBench } = await import('./step.ts');
    await stopBench(target, world);
    return EXIT.ok;
  }
  const wanted = await wantedBench(target, overlay, options, world);
  if (wanted === undefined) return EXIT.config;
  const end =
    wanted.plan.bench?.config.type === 'builtin'
      ? await (await import('./builtin.ts')).runBuiltin(wanted, { ...target, service }, world)
      : await (await import('./step.ts')).runStep(wanted, target, options, world);
  return end === undefined ? EXIT.interrupted : conclude(wanted, end, target, options, world);
}

async function show({ run, connection }: BenchTarget, options: BenchOptions, world: World): Promise<number> {
  const results = await readBench(connection.host, run);
  if (results.length === 0) {
    throw new DynSlurmError('usage', `run ${run.id} has no benchmark`, {
      hint: 'add `bench:` to the config, or start one while the service is ready; see `dyn-slurm bench --help`',
    });
  }
  const text = () => results.map((result) => benchText(result, world.page)).join('\n');
  world.out.write(options.json ? jsonText(results) : text());
  return results.every(({ valid }) => valid) ? EXIT.ok : EXIT.benchmarkInvalid;
}

/** @throws DynSlurmError `usage` where neither the config nor the command line says what to run. */
async function wantedBench(
  target: BenchTarget,
  overlay: string | undefined,
  { resume }: BenchOptions,
  world: World,
): Promise<WantedBench | undefined> {
  const { id } = target.run;
  const earlier = resume === undefined ? undefined : await unfinished(resume, target, world);
  const laid = earlier ? earlier.overlay : overlay;
  const [own, valid] = [await jobOf(target, undefined, world), await jobOf(target, laid, world)];
  if (valid === undefined || own === undefined) return undefined;
  if (valid.plan.bench === undefined) {
    throw new DynSlurmError('usage', `the config of ${id} has no bench`, {
      hint: 'specify what to measure: `dyn-slurm bench --type builtin --isl 1024 --osl 128 --concurrency 1x8`, or give a command after --, which finds DYN_SLURM_URL, DYN_SLURM_MODEL and DYN_SLURM_RESULTS in its environment',
    });
  }
  const known = earlier?.run === id ? earlier.name : undefined;
  return {
    name: known ?? `bench-${world.randomHex(3)}`,
    plan: valid.plan,
    original: own.plan,
    overlay: laid,
    done: earlier?.done ?? new Set(),
    again: known !== undefined,
  };
}

/** A benchmark that was cut off. */
interface Unfinished {
  /** Id of its run. */
  readonly run: string;
  /** Undefined of the config's own, whose folder belongs to the job. */
  readonly name: string | undefined;
  readonly overlay: string | undefined;
  /** Folders of its whole measurements. */
  readonly done: ReadonlySet<string>;
}

/**
 * The last benchmark of a run that has measurements to be made. `from`: another run, or true for the run itself.
 * @throws DynSlurmError `usage` where there is none.
 */
async function unfinished(from: string | boolean, own: FoundRun, world: World): Promise<Unfinished> {
  const source =
    typeof from === 'string' ? await lookUpRun(from, { cluster: own.connection.cluster }, world) : own;
  const { run, connection } = source;
  for (const outline of (await benchOutlines(connection.host, run)).toReversed()) {
    if (outline.type === 'custom') continue;
    const points = await foundPoints(connection.host, run, outline);
    const done = outline.points.filter((_, index) => isWhole(points[index]?.record));
    if (done.length === outline.points.length) continue;
    const configured = outline.name === CONFIGURED;
    return {
      run: run.id,
      name: configured ? undefined : outline.name,
      overlay: configured ? await configuredBench(source, world) : outline.overlay,
      done: new Set(done.map(({ folder }) => folder)),
    };
  }
  throw new DynSlurmError('usage', `run ${run.id} has no interrupted benchmark`, {
    hint: '`dyn-slurm bench RUN --show` shows its results',
  });
}

/** The benchmark of a run's own config, as another config can have it. */
async function configuredBench(found: FoundRun, world: World): Promise<string | undefined> {
  const bench = (await jobOf(found, undefined, world))?.plan.bench?.config;
  if (bench === undefined) return undefined;
  return overlayOf(bench);
}
