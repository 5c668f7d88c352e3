import { servePage } from '../../../host/page-server.ts';
import { sampleText } from '../../../observe/service/sample-text.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import type { Outline } from '../../../run/plan-file.ts';
import type { WorkerLoad } from '../../../run/service-event.ts';
import { isServing } from '../../../run/state.ts';
import type { World } from '../../world.ts';
import { advanceLive, isMock, type LiveState, newLiveState } from './live-state.ts';

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
  /** Quantiles are a summary's, here one without sum and count. */
  readonly type: 'gauge' | 'summary';
  readonly values: (state: LiveState) => Values;
}

const gauge = (name: string, help: string, values: Family['values']): Family => ({
  name: `dyn_slurm_${name}`,
  help,
  type: 'gauge',
  values,
});

/** A figure of the whole service, of the run's last load. */
const ofService = (
  name: string,
  help: string,
  of: (load: NonNullable<LiveState['load']>) => number,
): Family => gauge(name, help, ({ load }) => [[{}, load && of(load)]]);

const ofWorkers = (name: string, help: string, figure: keyof WorkerLoad): Family =>
  gauge(name, help, ({ workers, load }) =>
    [...workers.values()].map(({ step, role }) => [{ worker: step, role }, load?.workers[step]?.[figure]]),
  );

/** In seconds, as Prometheus wants times. */
const latency = (name: string, which: 'ttft' | 'itl'): Family => ({
  name: `dyn_slurm_${name}_seconds`,
  help: 'As clients of the frontends saw it lately.',
  type: 'summary',
  values: ({ load }) =>
    ([0.5, 0.9, 0.99] as const).map((quantile) => {
      const milliseconds = load?.[which]?.[`p${quantile * 100}` as 'p50' | 'p90' | 'p99'];
      return [{ quantile: String(quantile) }, milliseconds && milliseconds / 1000];
    }),
});

/** Everything that is served, in its order on the page. */
export const FAMILIES: readonly Family[] = [
  gauge('up', 'Whether the run is ready and has not ended.', ({ run }) => [[{}, isServing(run) ? 1 : 0]]),
  gauge(
    'info',
    'The job in Slurm, its state there, the model, and whether its engines are mock.',
    ({ run }) => [
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
  ),
  gauge('ready_seconds', "Seconds from the job's start until it was ready.", ({ run }) => [
    [{}, run.ready?.seconds],
  ]),
  gauge(
    'worker_ready',
    "Whether a worker serves, as the job's events say; its phase in words.",
    ({ workers }) =>
      [...workers.values()].map(({ step, role, nodes, phase }) => [
        { worker: step, role, node: nodes[0] ?? '', phase },
        phase === 'ready' ? 1 : 0,
      ]),
  ),
  gauge('worker_restarts', 'How often a worker was started again.', ({ workers }) =>
    [...workers.values()].map(({ step, role, restarts }) => [{ worker: step, role }, restarts]),
  ),
  gauge(
    'registered_instances',
    'Instances in etcd; one that was killed stays for up to its lease.',
    ({ instances }) => (instances?.roles ?? []).map(({ role, have }) => [{ role }, have]),
  ),
  gauge('source_up', 'Whether what this page is drawn from can be read.', ({ sources }) =>
    [...sources.values()].map(({ source, state, via }) => [{ source, via }, state === 'up' ? 1 : 0]),
  ),
  ofService(
    'output_tokens_per_second',
    'Tokens that the frontends answered with.',
    (load) => load.outputTokensPerSecond,
  ),
  ofService('input_tokens_per_second', 'Tokens of the requests.', (load) => load.inputTokensPerSecond),
  ofService('requests_per_second', 'Requests that ended, well or not.', (load) => load.requestsPerSecond),
  ofService('failed_requests_per_second', 'Of them, those that failed.', (load) => load.failedPerSecond),
  ofService('requests_running', 'Requests under way at the frontends.', ({ running }) => running),
  ofService('requests_queued', 'Of them, those that wait for their first token.', ({ queued }) => queued),
  latency('time_to_first_token', 'ttft'),
  latency('inter_token_latency', 'itl'),
  ofWorkers('worker_output_tokens_per_second', 'Tokens that a worker makes.', 'outputTokensPerSecond'),
  ofWorkers('worker_input_tokens_per_second', 'Tokens that a worker reads.', 'inputTokensPerSecond'),
  ofWorkers('worker_requests_running', 'Requests that a worker works on.', 'running'),
  ofWorkers('worker_requests_queued', 'Requests that wait in a worker.', 'queued'),
  ofWorkers('worker_kv_usage_ratio', "Share of a worker's KV cache that is taken.", 'kvUsage'),
];

/** A page for Prometheus to scrape. Figures of a service that does not serve any more are left out. */
export function gaugesText(runs: readonly GaugedRun[]): string {
  return FAMILIES.map(({ name, help, type, values }) => {
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
  const { teardown, verdict } = state.run;
  if (!teardown && !verdict) return state;
  const { load: _, instances: __, ...rest } = state;
  return { ...rest, sources: new Map() };
}

/** The address that `watch --prometheus` listens on. */
export interface PagePlace {
  readonly address: string;
  readonly port: number;
}

/** A page of metrics of the runs that are watched. */
export interface GaugePage {
  /** The run's events as they come, which the page follows. */
  follow(
    id: string,
    outline: Outline | undefined,
    events: AsyncIterable<ObservedEvent>,
  ): AsyncIterable<ObservedEvent>;
  close(): void;
}

/** Events only pass through. */
export const NO_PAGE: GaugePage = { follow: (_, __, events) => events, close: () => {} };

/** Says where the page is. */
export async function openGaugePage(place: PagePlace, world: World): Promise<GaugePage> {
  const states = new Map<string, LiveState>();
  const server = await servePage(place, () => gaugesText([...states].map(([id, state]) => ({ id, state }))));
  world.err.write(`metrics for Prometheus at ${server.url}\n`);
  return {
    async *follow(id, outline, events) {
      states.set(id, newLiveState(outline ?? { steps: [] }));
      for await (const event of events) {
        states.set(id, advanceLive(states.get(id) ?? newLiveState({ steps: [] }), event));
        yield event;
      }
    },
    close: () => server.close(),
  };
}
