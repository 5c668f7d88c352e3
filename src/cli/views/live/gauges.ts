import { sampleText } from '../../../observe/service/sample-text.ts';
import { isServing } from '../../../run/state.ts';
import { isMock, type LiveState } from './live-state.ts';

/** A run, as `watch --prometheus` knows it. */
export interface GaugedRun {
  readonly id: string;
  readonly state: LiveState;
}

/** What a family of metrics has of a run: labels beside `run`, and a value; none where it is not known. */
type Values = readonly (readonly [Readonly<Record<string, string>>, number | undefined])[];

interface Family {
  readonly name: string;
  readonly help: string;
  /** `gauge` by default. Quantiles are a summary's, here one without sum and count. */
  readonly type?: 'summary';
  readonly values: (state: LiveState) => Values;
}

type WorkerFigure = keyof NonNullable<LiveState['load']>['workers'][string];

const one = (value: number | undefined): Values => [[{}, value]];
const QUANTILES = [
  ['0.5', 'p50'],
  ['0.9', 'p90'],
  ['0.99', 'p99'],
] as const;

/** In seconds, as Prometheus wants times. */
const latency = (name: 'ttft' | 'itl') => (state: LiveState) =>
  QUANTILES.map(([quantile, share]) => {
    const milliseconds = state.load?.[name]?.[share];
    return [{ quantile }, milliseconds === undefined ? undefined : milliseconds / 1000] as const;
  });

const ofWorkers = (figure: WorkerFigure) => (state: LiveState) =>
  [...state.workers.values()].map(
    ({ step, role }) => [{ worker: step, role }, state.load?.workers[step]?.[figure]] as const,
  );

/** Everything that is served, in its order on the page. */
export const FAMILIES: readonly Family[] = [
  {
    name: 'dyn_slurm_up',
    help: 'Whether the run is ready and has not ended.',
    values: ({ run }) => one(isServing(run) ? 1 : 0),
  },
  {
    name: 'dyn_slurm_info',
    help: 'The job in Slurm, its state there, the model, and whether its engines are mock.',
    values: ({ run }) => [
      [
        {
          job: run.started?.job ?? run.queue?.job ?? '',
          state: run.queue?.state ?? '',
          model: run.ready?.model ?? '',
          mock: String(isMock({ run })),
          outcome: run.verdict?.outcome ?? '',
        },
        1,
      ],
    ],
  },
  {
    name: 'dyn_slurm_ready_seconds',
    help: "Seconds from the job's start until it was ready.",
    values: ({ run }) => one(run.ready?.seconds),
  },
  {
    name: 'dyn_slurm_worker_ready',
    help: "Whether a worker serves, as the job's events say; its phase in words.",
    values: ({ workers }) =>
      [...workers.values()].map(({ step, role, nodes, phase }) => [
        { worker: step, role, node: nodes[0] ?? '', phase },
        phase === 'ready' ? 1 : 0,
      ]),
  },
  {
    name: 'dyn_slurm_worker_restarts',
    help: 'How often a worker was started again.',
    values: ({ workers }) =>
      [...workers.values()].map((each) => [{ worker: each.step, role: each.role }, each.restarts]),
  },
  {
    name: 'dyn_slurm_registered_instances',
    help: 'Instances in etcd; one that was killed stays for up to its lease.',
    values: ({ instances }) => (instances?.roles ?? []).map(({ role, have }) => [{ role }, have]),
  },
  {
    name: 'dyn_slurm_source_up',
    help: 'Whether what this page is drawn from can be read.',
    values: ({ sources }) =>
      [...sources.values()].map(({ source, state, via }) => [{ source, via }, state === 'up' ? 1 : 0]),
  },
  {
    name: 'dyn_slurm_output_tokens_per_second',
    help: 'Tokens that the frontends answered with.',
    values: ({ load }) => one(load?.outputTokensPerSecond),
  },
  {
    name: 'dyn_slurm_input_tokens_per_second',
    help: 'Tokens of the requests.',
    values: ({ load }) => one(load?.inputTokensPerSecond),
  },
  {
    name: 'dyn_slurm_requests_per_second',
    help: 'Requests that ended, well or not.',
    values: ({ load }) => one(load?.requestsPerSecond),
  },
  {
    name: 'dyn_slurm_failed_requests_per_second',
    help: 'Of them, those that failed.',
    values: ({ load }) => one(load?.failedPerSecond),
  },
  {
    name: 'dyn_slurm_requests_running',
    help: 'Requests under way at the frontends.',
    values: ({ load }) => one(load?.running),
  },
  {
    name: 'dyn_slurm_requests_queued',
    help: 'Of them, those that wait for their first token.',
    values: ({ load }) => one(load?.queued),
  },
  {
    name: 'dyn_slurm_time_to_first_token_seconds',
    help: 'As clients of the frontends saw it lately.',
    type: 'summary',
    values: latency('ttft'),
  },
  {
    name: 'dyn_slurm_inter_token_latency_seconds',
    help: 'As clients of the frontends saw it lately.',
    type: 'summary',
    values: latency('itl'),
  },
  {
    name: 'dyn_slurm_worker_output_tokens_per_second',
    help: 'Tokens that a worker makes.',
    values: ofWorkers('outputTokensPerSecond'),
  },
  {
    name: 'dyn_slurm_worker_input_tokens_per_second',
    help: 'Tokens that a worker reads.',
    values: ofWorkers('inputTokensPerSecond'),
  },
  {
    name: 'dyn_slurm_worker_requests_running',
    help: 'Requests that a worker works on.',
    values: ofWorkers('running'),
  },
  {
    name: 'dyn_slurm_worker_requests_queued',
    help: 'Requests that wait in a worker.',
    values: ofWorkers('queued'),
  },
  {
    name: 'dyn_slurm_worker_kv_usage_ratio',
    help: "Share of a worker's KV cache that is taken.",
    values: ofWorkers('kvUsage'),
  },
];

/** A page for Prometheus to scrape. Figures of a service that does not serve any more are left out. */
export function gaugesText(runs: readonly GaugedRun[]): string {
  return FAMILIES.map(({ name, help, type = 'gauge', values }) => {
    const samples = runs.flatMap(({ id, state }) =>
      values(current(state)).map(([labels, value]) =>
        value === undefined || !Number.isFinite(value) ? '' : sampleText(name, { run: id, ...labels }, value),
      ),
    );
    const text = samples.join('');
    return text === '' ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${text}`;
  }).join('');
}

function current(state: LiveState): LiveState {
  const { teardown, verdict, requeued } = state.run;
  if (!teardown && !verdict && !requeued) return state;
  const { load: _, instances: __, ...rest } = state;
  return { ...rest, sources: new Map() };
}
