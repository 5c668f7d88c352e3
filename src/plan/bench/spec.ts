import { type Arg, type NodeIndex, nodeIp } from '../../argument.ts';
import type { Job } from '../../config/job.ts';
import type { BenchConfig, BenchType } from '../../config/schema/bench.ts';
import { portPart } from '../movable-ports.ts';
import type { Plan, StepBody } from '../plan.ts';
import { type AccuracyOutline, accuracyOutline } from './accuracy.ts';
import { averageLength, inputLength, type Range } from './lengths.ts';
import { measurements } from './measurements.ts';
import { toolRelease } from './tools.ts';
import { type BenchedWorker, benchedWorkers } from './workers.ts';

/** A benchmark: its config, and what it measures. */
export interface BenchSpec {
  readonly config: BenchConfig;
  /** URL of the service without a path. */
  readonly url: Arg;
  /** Folder or name of the model, with whose tokenizer tokens are counted unless the config names another. */
  readonly modelPath: string;
  readonly service: BenchedService;
  /** The release of the tool that the engine's image has, where it is the engine's own and the benchmark runs there. */
  readonly toolRelease: string | undefined;
  /** The node that it runs on. */
  readonly node: NodeIndex;
  /** Where the leaders of the workers are, and the port of what each says of itself. */
  readonly workers: readonly BenchedWorker[];
}

/** The address of the service, and the node that sends requests to it. */
export interface BenchPlace {
  readonly entry: Plan['entry'];
  readonly node: NodeIndex;
  /** Steps of the service. */
  readonly services: readonly StepBody[];
}

export interface BenchedService {
  /** Name by which clients ask for it. */
  readonly model: string;
  /** Release of Dynamo. */
  readonly dynamo: string;
  readonly image?: string;
  /** Name of the published topology. */
  readonly topology?: string;
}

/** A benchmark with that config against a job's service. */
export function benchSpec(config: BenchConfig, job: Job, { entry, node, services }: BenchPlace): BenchSpec {
  const { container, topology, model } = job;
  return {
    config,
    toolRelease: toolRelease(config, job),
    url: ['http://', nodeIp(entry.node), ':', portPart('frontend', entry.port, job)],
    modelPath: model.path,
    node,
    workers: benchedWorkers(services, job),
    service: {
      model: model.served_name,
      dynamo: job.dynamo.version,
      ...(container && { image: container.image }),
      ...(topology !== undefined && topology !== 'inline' && { topology }),
    },
  };
}

/** bench.json: what a benchmark is going to measure, and what its results are judged by. */
export interface BenchOutline {
  readonly version: 1;
  readonly name: string;
  readonly type: BenchType;
  /** RFC 3339: when it was asked for; absent of the config's own. */
  readonly made?: string;
  /** What was laid over the config for it, as JSON. */
  readonly overlay?: string;
  readonly isl?: number;
  readonly osl?: number;
  /** Of all points; absent where each has its own. */
  readonly requestRate?: number | 'inf';
  readonly slo?: Slo;
  /** Between which averages prompts and answers are to lie, in tokens; absent where nobody knows. */
  readonly inputLength?: Range;
  readonly outputLength?: Range;
  readonly lengthTolerance: number;
  readonly maxErrorRate: number;
  /** In their order; a `custom` one has none. */
  readonly points: readonly {
    readonly folder: string;
    readonly concurrency: number;
    readonly prompts: number;
    readonly requestRate?: number | 'inf';
  }[];
  /** The questions that it asks. */
  readonly accuracy?: AccuracyOutline;
  readonly service: BenchedService;
}

/** Bounds that a request meets to be a good one, in milliseconds. */
export interface Slo {
  readonly ttft?: number | undefined;
  /** On average over its answer. */
  readonly itl?: number | undefined;
  readonly e2e?: number | undefined;
}

/** Name of the benchmark that is in the config. */
export const CONFIGURED = 'bench';

/** What makes a benchmark another one than the config's. */
export type OtherOutline = Pick<BenchOutline, 'name' | 'overlay'> & Required<Pick<BenchOutline, 'made'>>;

export function benchOutline({ config: bench, service }: BenchSpec, other?: OtherOutline): BenchOutline {
  const { isl, osl, slo, request_rate: rates } = bench;
  const [rate] = rates;
  return {
    version: 1,
    name: CONFIGURED,
    type: bench.type,
    ...other,
    ...(isl !== undefined && { isl }),
    ...(osl !== undefined && { osl }),
    ...(rates.length === 1 && rate !== undefined && { requestRate: rate }),
    ...(slo && { slo }),
    ...(isl !== undefined &&
      bench.dataset === undefined &&
      bench.type !== 'agentic' && { inputLength: inputLength(isl, bench) }),
    ...(osl !== undefined && bench.dataset === undefined && { outputLength: averageLength(osl, bench) }),
    lengthTolerance: bench.length_tolerance,
    maxErrorRate: bench.max_error_rate,
    points: measurements(bench).map(({ folder, concurrency, prompts, rate: own }) => ({
      folder,
      concurrency,
      prompts,
      ...(rates.length > 1 && { requestRate: own }),
    })),
    ...(bench.accuracy && { accuracy: accuracyOutline(bench.accuracy) }),
    service,
  };
}
