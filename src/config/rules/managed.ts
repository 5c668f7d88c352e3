import type { JobConfig } from '../schema/job-schema.ts';
import { ROLES } from '../schema/role.ts';
import { keyError, type Problem } from '../yaml/problem.ts';

/** Frontend arguments that named fields set, in the spellings of Dynamo 0.4 to 1.6. */
const FRONTEND_ARGUMENTS: Readonly<Record<string, string>> = {
  'http-host': 'the address of its node',
  'http-port': 'frontend.port',
  'router-mode': 'frontend.router_mode',
  'router-kv-overlap-score-credit': 'frontend.router.kv_overlap_score_credit',
  'router-kv-overlap-score-weight': 'frontend.router.kv_overlap_score_credit',
  'kv-overlap-score-weight': 'frontend.router.kv_overlap_score_credit',
  'router-temperature': 'frontend.router.temperature',
  'router-kv-events': 'frontend.router.kv_events',
  'no-router-kv-events': 'frontend.router.kv_events',
  'kv-events': 'frontend.router.kv_events',
  'no-kv-events': 'frontend.router.kv_events',
  'router-replica-sync': 'frontend.router.replica_sync',
  'no-router-replica-sync': 'frontend.router.replica_sync',
  'kv-cache-block-size': 'frontend.router.block_size',
  'migration-limit': 'dynamo.migration_limit',
  'request-plane': 'infra.request_plane',
  'event-plane': 'infra.event_plane',
  'discovery-backend': "the job's own etcd",
};

/** Flags of etcd that make it the job's own. */
const ETCD_ARGUMENTS: Readonly<Record<string, string>> = {
  name: "the job's own etcd",
  'data-dir': "the cluster profile's local_dir",
  'listen-client-urls': 'infra.ports.etcd_client',
  'advertise-client-urls': 'infra.ports.etcd_client',
  'listen-peer-urls': "the job's own etcd",
  'initial-advertise-peer-urls': "the job's own etcd",
  'initial-cluster': "the job's own etcd",
  'auth-token-ttl': "the job's own etcd",
  'bcrypt-cost': "the job's own etcd",
  'cert-file': 'infra.tls',
  'key-file': 'infra.tls',
  'trusted-ca-file': 'infra.tls',
  'client-cert-auth': 'infra.tls',
  'auto-tls': 'infra.tls',
};

/** Variables by which processes find each other, or their node. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  ETCD_ENDPOINTS: "the job's own etcd",
  ETCD_AUTH_USERNAME: "the job's own etcd",
  ETCD_AUTH_PASSWORD: "the job's own etcd",
  ETCD_AUTH_CA: 'infra.tls',
  ETCD_AUTH_CLIENT_CERT: 'infra.tls',
  ETCD_AUTH_CLIENT_KEY: 'infra.tls',
  ETCD_LEASE_TTL: 'infra.etcd.lease_ttl',
  NATS_SERVER: "the job's own NATS",
  NATS_AUTH_USERNAME: "the job's own NATS",
  NATS_AUTH_PASSWORD: "the job's own NATS",
  DYN_NAMESPACE: 'dynamo.namespace',
  DYN_DISCOVERY_BACKEND: "the job's own etcd",
  DYN_REQUEST_PLANE: 'infra.request_plane',
  DYN_EVENT_PLANE: 'infra.event_plane',
  DYN_EVENT_PLANE_HOST: 'the address of its node',
  DYN_TCP_RPC_HOST: 'the address of its node',
  DYN_TCP_RPC_PORT: 'infra.ports.rpc',
  DYN_TCP_RESPONSE_STREAM_HOST: 'the address of its node',
  DYN_TCP_RESPONSE_STREAM_PORT: 'infra.ports.rpc',
  DYN_SYSTEM_HOST: 'the address of its node',
  DYN_SYSTEM_PORT: 'infra.ports.system',
  DYN_HTTP_HOST: 'the address of its node',
  DYN_HTTP_PORT: 'frontend.port',
  DYN_ROUTER_MODE: 'frontend.router_mode',
  CUDA_VISIBLE_DEVICES: 'gpus_per_worker and the placement',
};

/** What dyn-slurm sets itself may not be set a second time in `env`, or in the `args` of frontends and etcd. */
export function* checkManaged(job: JobConfig): Generator<Problem> {
  for (const name of Object.keys(job.frontend.args)) {
    const flag = name.replaceAll('_', '-');
    const source = lookUp(FRONTEND_ARGUMENTS, flag);
    if (source !== undefined) yield managed(['frontend', 'args', name], `--${flag}`, source);
  }
  for (const name of Object.keys(job.infra.etcd.args)) {
    const flag = name.replaceAll('_', '-');
    const source = lookUp(ETCD_ARGUMENTS, flag);
    if (source !== undefined) yield managed(['infra', 'etcd', 'args', name], `--${flag}`, source);
  }
  for (const owner of ['frontend', ...ROLES] as const) {
    for (const name of Object.keys(job[owner]?.env ?? {})) {
      const source = lookUp(ENVIRONMENT, name);
      if (source !== undefined) yield managed([owner, 'env', name], name, source);
    }
  }
}

function managed(path: readonly string[], name: string, source: string): Problem {
  const field = /^[a-z_.]+$/.test(source);
  return keyError(
    path,
    `${name} is set by dyn-slurm, from ${source}`,
    field ? `remove this line, and set ${source} instead` : 'remove this line',
  );
}

/** `NATS_TLS_INSECURE`, `DYN_TCP_TLS_KEY_PATH`, and as arguments of the frontend, `tcp-tls-key-path`. */
const TLS = /^(NATS_|DYN_TCP_|nats-|tcp-)(tls-(?!handshake)|TLS_(?!HANDSHAKE))/;

function lookUp(table: Readonly<Record<string, string>>, name: string): string | undefined {
  if (TLS.test(name)) return 'infra.tls';
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
