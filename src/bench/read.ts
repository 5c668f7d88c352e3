import { createHash } from 'node:crypto';
import { join } from 'node:path/posix';
import { z } from 'zod';
import type { Host } from '../host/host.ts';
import { type GpuLog, readGpuLogs } from '../observe/gpu-log-files.ts';
import { latestLogFolder } from '../observe/log-file.ts';
import { hasMockEngines } from '../observe/mock-engines.ts';
import type { LogFolder } from '../observe/worker-log-lines.ts';
import type { Range } from '../plan/bench/lengths.ts';
import type { BenchOutline } from '../plan/bench/spec.ts';
import { readRunLog } from '../run/event-log.ts';
import type { ObservedEvent } from '../run/events.ts';
import type { Run } from '../run/folder.ts';
import { fields, list, number, parseJson, read, text, time } from '../run/lenient.ts';
import { type PlanFile, readPlan } from '../run/plan-file.ts';
import type { FoundAccuracy } from './accuracy.ts';
import { benchResult, type FoundPoint } from './assemble.ts';
import { foundAccuracy, foundPoints } from './found-points.ts';
import { gpuPower } from './gpu-power.ts';
import { isWhole } from './point-record.ts';
import { provenanceOf } from './provenance.ts';
import type { BenchResult } from './result.ts';
import { readSpeculation } from './speculation.ts';

/** What of a run its benchmarks are judged by, beside their own results. */
export interface RunAround {
  readonly events: readonly ObservedEvent[];
  readonly plan: PlanFile | undefined;
  /** Text of config.yaml. */
  readonly config: string | undefined;
  readonly gpus: readonly GpuLog[];
  /** Of its latest attempt. */
  readonly logs: LogFolder;
}

export async function readAround(host: Host, run: Run): Promise<RunAround> {
  const [{ events }, plan, config, folder] = await Promise.all([
    readRunLog(host, run),
    readPlan(host, run),
    host.readText(join(run.dir, 'config.yaml')),
    latestLogFolder(host, run),
  ]);
  const logs = { folder, names: await host.list(folder) };
  return { events, plan, config, logs, gpus: await readGpuLogs(host, logs, { plan, events }) };
}

/**
 * The benchmarks of a run, in the order in which they were begun; none where it has none. What goes on is partial. Of a
 * job that was requeued the newest whole measurement of each concurrency counts.
 */
export async function readBench(host: Host, run: Run, around?: RunAround): Promise<readonly BenchResult[]> {
  const outlines = await benchOutlines(host, run);
  if (outlines.length === 0) return [];
  const { events, plan, config, gpus, logs } = around ?? (await readAround(host, run));
  const configHash = config === undefined ? undefined : createHash('sha256').update(config).digest('hex');
  const { job } = run;
  const power = gpuPower(plan, events, gpus);
  const speculation = await readSpeculation(host, run, logs, { plan, events });
  const over = events.some(({ kind }) => kind === 'verdict');
  const results = await Promise.all(
    outlines.map(async (outline) => {
      const points = await foundPoints(host, run, outline);
      const accuracy = await foundAccuracy(host, run, outline);
      const provenance = provenanceOf({
        service: outline.service,
        plan,
        configHash,
        dynSlurm: job?.dynSlurm,
        gitCommit: job?.gitCommit,
        mock: hasMockEngines(job, events),
      });
      const underway = !over && isUnderway(points, accuracy, outline);
      return benchResult({
        ...{ run: run.id, outline, provenance, points, accuracy, events, power, underway },
        ...(speculation && { speculation }),
      });
    }),
  );
  return results.toSorted((one, other) => (one.started ?? '~').localeCompare(other.started ?? '~'));
}

/** The parts of a benchmark that have not ended yet, while its job runs. */
function isUnderway(
  points: readonly FoundPoint[],
  { record: asked }: FoundAccuracy,
  { type, accuracy }: BenchOutline,
): boolean {
  if (accuracy !== undefined && asked?.how === undefined) return true;
  if (type === 'custom' || (accuracy !== undefined && !isWhole(asked))) return false;
  const last = points.findLast(({ record }) => record !== undefined);
  if (last?.record && last.record.how === undefined) return true;
  // Between two measurements it warms up; after one that failed there is no next one.
  const failed = points.some(({ record }) => record?.how === 'told' || (record?.status ?? 0) !== 0);
  return !failed && points.some(({ record }) => record === undefined);
}

/** Folders of benchmarks that were asked for. */
const OTHER = /^bench-[0-9a-f]+$/;

/** bench.json of the config's benchmark, and of each that was asked for. */
export async function benchOutlines(host: Host, run: Run): Promise<readonly BenchOutline[]> {
  const names = await host.list(join(run.dir, 'results'));
  const others = names
    .filter((name) => OTHER.test(name))
    .map((name) => join(run.dir, 'results', name, 'bench.json'));
  const texts = await Promise.all(
    [join(run.dir, 'bench.json'), ...others].map((file) => host.readText(file)),
  );
  return texts.flatMap((noted) => {
    const outline = noted === undefined ? undefined : read(benchOutline, parseJson(noted));
    return outline === undefined ? [] : [outline];
  });
}

const range: z.ZodType<Range> = z
  .tuple([number, number])
  .rest(z.unknown())
  .transform(([from, to]) => [from, to] as const);

const rate = z.union([number, z.literal('inf')]);

const benchOutline: z.ZodType<BenchOutline> = fields(
  {
    version: z.literal(1),
    name: text,
    type: z.enum(['aiperf', 'trace', 'agentic', 'sglang', 'vllm', 'builtin', 'custom', 'accuracy']),
    lengthTolerance: number.catch(0),
    maxErrorRate: number.catch(0),
    points: list(fields({ folder: text, concurrency: number, prompts: number }, { requestRate: rate })),
    service: fields({ model: text, dynamo: text }, { image: text, topology: text }),
  },
  {
    made: time,
    overlay: text,
    isl: number,
    osl: number,
    requestRate: rate,
    slo: fields({}, { ttft: number, itl: number, e2e: number }),
    inputLength: range,
    outputLength: range,
    accuracy: fields({ suite: text }, { threshold: number }),
  },
);
