import { type Arg, argOf, SELF_IP } from '../argument.ts';
import { argumentWords } from '../config/argument-words.ts';
import type { Job } from '../config/job.ts';
import type { FrontendContext, RouterReadiness } from './frontend.ts';

/**
 * What SGLang's router and vLLM's, which began as a copy of it, have in common: the addresses of workers as arguments, and a
 * list of them at `/workers`, whose `stats` count them by kind; vLLM's counts each data parallel rank that it chooses itself. So
 * it was with sglang-router 0.3.2 and vllm-router 0.1.17 before mock engines, with these commands.
 */
export const ROUTER_READY: RouterReadiness = {
  live: '/liveness',
  path: '/workers',
  counts: { prefill: 'prefill_count', decode: 'decode_count', aggregated: 'regular_count' },
};

export const ROUTER_MANAGED = {
  'the addresses of the workers': 'worker-urls prefill decode service-discovery vllm-discovery-address',
  'the roles of the job': 'pd-disaggregation vllm-pd-disaggregation',
  'the address of its node': 'host prometheus-host',
  'frontend.port': 'port',
  'infra.ports.rpc': 'prometheus-port',
} as const;

/** The words after the program's name. `disaggregated`: the flag for separate prefill and decode workers. */
export function routerWords(
  context: FrontendContext,
  disaggregated: string,
  own: readonly Arg[] = [],
): readonly Arg[] {
  const { job, settings, port, metricsPort, servers } = context;
  const of = (role: string) => servers.filter((server) => server.role === role);
  const workers: readonly Arg[] = job.prefill
    ? [
        disaggregated,
        ...of('prefill').flatMap(({ address, handover }) => [
          '--prefill',
          url(address),
          ...(handover === undefined ? [] : [argOf(handover)]),
        ]),
        ...of('decode').flatMap(({ address }) => ['--decode', url(address)]),
      ]
    : ['--worker-urls', ...of('aggregated').map(({ address }) => url(address))];
  return [
    ...workers,
    ...['--host', [SELF_IP], '--port', argOf(port)],
    ...['--prometheus-host', [SELF_IP], '--prometheus-port', argOf(metricsPort)],
    ...own,
    ...argumentWords({ ...startup(job), ...settings.args }),
  ];
}

/**
 * How it waits for workers, in seconds. It gives up on those that are not healthy at its deadline, and loading a large model
 * takes long. vLLM's looks every 30 s only: it began to serve up to that long after the last worker did.
 */
function startup(job: Job) {
  return { 'worker-startup-timeout-secs': job.health.deadline, 'worker-startup-check-interval': 2 };
}

function url(address: FrontendContext['servers'][number]['address']): Arg {
  return ['http://', ...address];
}
