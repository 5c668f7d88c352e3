import { type Arg, ATTEMPT_DIR, SELF_IP } from '../argument.ts';
import type { Job } from '../config/job.ts';
import type { EnvironmentValue } from '../config/schema/fields.ts';
import { reachedAt } from './exposure.ts';
import { portPart } from './movable-ports.ts';
import type { StepBody } from './plan.ts';
import { portOf } from './ports.ts';
import { stepOf } from './step-body.ts';

/** What the master listens on, by the distance from `infra.ports.mooncake`: RPC, metadata, metrics. */
const METADATA = 1;
const METRICS = 2;
/** Its ports are neighbours, which move together. */
const PORTS = 3;

/** File of the run folder that workers fill in: a client's settings. */
export const MOONCAKE_CONFIG = 'mooncake.json';

function part(job: Job, distance: number) {
  return portPart('mooncake', job.infra.ports.mooncake + distance, job);
}

/**
 * The master of a Mooncake store, on the head node. Its flags are gflags, with underscores and an equals sign:
 * https://github.com/kvcache-ai/Mooncake/blob/main/mooncake-store/src/master.cpp. Its metadata and its metrics listen
 * at all addresses, whatever it is told (measured with 0.3.13.post1), so it is not hidden on loopback either.
 */
export function mooncakeSteps(job: Job): readonly StepBody[] {
  const { mooncake } = job.infra;
  if (mooncake === undefined) return [];
  const given = Object.entries(mooncake.args).map(
    ([name, value]) => `--${name.replaceAll('-', '_')}=${[value].flat().join(',')}`,
  );
  return [
    stepOf({
      kind: 'mooncake',
      contained: true,
      argv: [
        'mooncake_master',
        ['--rpc_address=', SELF_IP],
        ['--rpc_port=', part(job, 0)],
        '--enable_http_metadata_server=true',
        ['--http_metadata_server_host=', SELF_IP],
        ['--http_metadata_server_port=', part(job, METADATA)],
        ['--metrics_port=', part(job, METRICS)],
        ...given,
      ],
      ports: [portOf(job, 'mooncake', job.infra.ports.mooncake, PORTS)],
    }),
  ];
}

/** Address of the master's RPC, as workers reach it. */
function masterAddress(job: Job): Exclude<Arg, string> {
  return [reachedAt('mooncake', job, 0), ':', part(job, 0)];
}

function metadataUrl(job: Job): Exclude<Arg, string> {
  return ['http://', reachedAt('mooncake', job, 0), ':', part(job, METADATA), '/metadata'];
}

/** What a worker is told of the store; nothing without one. `name`: of its step. */
export function mooncakeEnvironment(
  job: Job,
  name: string,
): {
  readonly given: Readonly<Record<string, EnvironmentValue>>;
  readonly env: Readonly<Record<string, Arg>>;
} {
  const { mooncake } = job.infra;
  if (mooncake === undefined) return { given: {}, env: {} };
  return {
    given: mooncake.env,
    env: {
      MOONCAKE_MASTER: masterAddress(job),
      // Clients may also find each other without it.
      ...(mooncake.env.MOONCAKE_TE_META_DATA_SERVER === undefined && {
        MOONCAKE_TE_META_DATA_SERVER: metadataUrl(job),
      }),
      ...(hasStore(job) && {
        MOONCAKE_CONFIG_PATH: [ATTEMPT_DIR, `/state/${name}.`, { ref: 'rank' }, `.${MOONCAKE_CONFIG}`],
      }),
    },
  };
}

function hasStore({ infra: { mooncake } }: Job): boolean {
  return Object.keys(mooncake?.store ?? {}).length > 0;
}

/** The client's settings, with the addresses that only the job knows; undefined where the config gives none. */
export function mooncakeConfig(job: Job): Readonly<Record<string, unknown>> | undefined {
  const { mooncake } = job.infra;
  if (mooncake === undefined || !hasStore(job)) return undefined;
  return {
    metadata_server: metadataUrl(job),
    ...mooncake.store,
    master_server_address: masterAddress(job),
  };
}
