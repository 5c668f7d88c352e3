import { type Arg, ATTEMPT_DIR, RUN_DIR } from '../argument.ts';
import type { Job } from '../config/job.ts';
import {
  type BenchConfig,
  type BenchToolType,
  customBench,
  isBenchTool,
  usesScript,
} from '../config/schema/bench.ts';
import { withoutSecrets } from '../config/schema/secrets.ts';
import { accuracyBlock } from './bench/accuracy.ts';
import { measurements } from './bench/measurements.ts';
import { filled } from './bench/placeholders.ts';
import { type BenchPlace, type BenchSpec, benchSpec, CONFIGURED } from './bench/spec.ts';
import { programWords, TOOLS, toolRuns } from './bench/tools.ts';
import { userEnvironment } from './environment.ts';
import type { StepBody } from './plan.ts';
import { stepOf } from './step-body.ts';

/** A benchmark that was asked for apart from the config's. */
export interface OtherBench {
  /** Its folder in `results/`. */
  readonly name: string;
  /** Folders of measurements that are there already. */
  readonly done: ReadonlySet<string>;
}

/** The benchmark, on its node; it starts when the service is ready, and the job ends with it. */
export function benchSteps(spec: BenchSpec | undefined, other?: OtherBench): readonly StepBody[] {
  if (spec === undefined || spec.config.type === 'builtin') return [];
  const { config: bench, url, service, node } = spec;
  const { variables } = withoutSecrets(bench.type, bench.args);
  const { env, secrets } = userEnvironment(bench.env, variables);
  const results = resultsFolder(bench, other);
  return [
    stepOf({
      kind: 'bench',
      nodes: [node],
      argv: usesScript(bench)
        ? scriptWords({
            spec,
            results,
            // A bundle has it only where its own benchmark needs it.
            script: other ? results : [RUN_DIR, '/runtime'],
            done: other?.done,
          })
        : ['bash', '-c', filled(bench.command ?? '', spec, results)],
      env: {
        DYN_SLURM_URL: url,
        DYN_SLURM_MODEL: service.model,
        DYN_SLURM_RESULTS: results,
        // srun pipes the output, and Python would hold it back by the block.
        ...(usesScript(bench) && { PYTHONUNBUFFERED: '1' }),
        ...(bench.type === 'custom'
          ? Object.fromEntries(
              Object.entries(env).map(([name, value]) => [name, filled(value, spec, results)]),
            )
          : env),
      },
      secrets,
      contained: true,
      ...(usesScript(bench) && {
        tool: isBenchTool(bench.type) ? programWords(bench.type, bench) : ['python3'],
      }),
      ...(bench.image !== undefined && { image: bench.image }),
    }),
  ];
}

/** The step that `dyn-slurm bench` gives its command, in a job whose config has no benchmark that runs in it. */
export function benchOnDemand(job: Job, at: BenchPlace): readonly StepBody[] {
  return benchSteps(benchSpec(customBench(NONE, job.bench), job, at));
}

const NONE = 'echo "the config has no benchmark" >&2; exit 2';

/** A command of the user's has the whole folder. */
function resultsFolder({ type }: BenchConfig, other: OtherBench | undefined): Exclude<Arg, string> {
  if (other) return [RUN_DIR, `/results/${other.name}`];
  return [ATTEMPT_DIR, type === 'custom' ? '/results' : `/results/${CONFIGURED}`];
}

interface Scripted {
  readonly spec: BenchSpec;
  readonly results: Exclude<Arg, string>;
  /** The folder of bench.sh and accuracy.py. */
  readonly script: Exclude<Arg, string>;
  readonly done?: ReadonlySet<string> | undefined;
}

/** How bench.sh takes what it runs: after each `:::` one command. */
function scriptWords(given: Scripted): readonly Arg[] {
  const { spec, script, results } = given;
  const { url, service, config } = spec;
  const { type, command = '' } = config;
  const questions = accuracyBlock(config.accuracy, { url, model: service.model, script, results });
  const load = isBenchTool(type)
    ? toolBlocks(type, given)
    : type === 'custom'
      ? [':::', 'command', '0', '0', '.', '0', 'TERM', 'bash', '-c', filled(command, spec, given.results)]
      : [];
  const of = String(measurements(config).length);
  return ['bash', [...script, '/bench.sh'], of, ...questions, ...load];
}

function toolBlocks(tool: BenchToolType, { spec, results, done }: Scripted): readonly Arg[] {
  const { config: bench, url, modelPath, service } = spec;
  const limit = String(bench.point_time_limit ?? 0);
  return measurements(bench)
    .filter(({ folder }) => !done?.has(folder))
    .flatMap((measurement) => {
      const { index, concurrency, folder } = measurement;
      const runs = toolRuns(tool, {
        bench,
        measurement,
        url,
        model: service.model,
        tokenizer: bench.tokenizer ?? modelPath,
        release: spec.toolRelease,
        folder: (file) => [...results, `/${folder}${file}`],
      });
      return runs.flatMap(({ kind, argv }) => [
        ...[':::', kind, String(index), String(concurrency), folder, limit, TOOLS[tool].endSignal],
        ...argv,
      ]);
    });
}
