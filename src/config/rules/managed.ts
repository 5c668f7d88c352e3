import type { JobConfig } from '../schema/job-schema.ts';
import { ROLES } from '../schema/role.ts';
import { keyError, type Problem } from '../yaml/problem.ts';
import type { ConfigPath } from '../yaml/source-range.ts';

/** Frontend arguments that named fields set, in the spellings of Dynamo 0.4 to 1.6. */
const FRONTEND_ARGUMENTS = bySource({
  'the address of its node': 'http-host',
  'frontend.port': 'http-port',
  'frontend.router_mode': 'router-mode',
  'frontend.router.kv_overlap_score_credit':
    'router-kv-overlap-score-credit router-kv-overlap-score-weight kv-overlap-score-weight',
  'frontend.router.temperature': 'router-temperature',
  'frontend.router.kv_events': 'router-kv-events no-router-kv-events kv-events no-kv-events',
  'frontend.router.replica_sync': 'router-replica-sync no-router-replica-sync',
  'frontend.router.block_size': 'kv-cache-block-size',
  'dynamo.migration_limit': 'migration-limit',
  'infra.request_plane': 'request-plane',
  'infra.event_plane': 'event-plane',
  "the job's own etcd": 'discovery-backend',
});

/** Flags of etcd that make it the job's own. */
const ETCD_ARGUMENTS = bySource({
  "the job's own etcd":
    'name listen-peer-urls initial-advertise-peer-urls initial-cluster auth-token-ttl bcrypt-cost',
  "the cluster profile's local_dir": 'data-dir',
  'infra.ports.etcd_client': 'listen-client-urls advertise-client-urls',
  'infra.tls': 'cert-file key-file trusted-ca-file client-cert-auth auto-tls',
});

/** Variables by which processes find each other, or their node. */
const ENVIRONMENT = bySource({
  "the job's own etcd": 'ETCD_ENDPOINTS ETCD_AUTH_USERNAME ETCD_AUTH_PASSWORD DYN_DISCOVERY_BACKEND',
  'infra.tls': 'ETCD_AUTH_CA ETCD_AUTH_CLIENT_CERT ETCD_AUTH_CLIENT_KEY',
  'infra.etcd.lease_ttl': 'ETCD_LEASE_TTL',
  "the job's own NATS": 'NATS_SERVER NATS_AUTH_USERNAME NATS_AUTH_PASSWORD',
  'dynamo.namespace': 'DYN_NAMESPACE',
  'infra.request_plane': 'DYN_REQUEST_PLANE',
  'infra.event_plane': 'DYN_EVENT_PLANE',
  'the address of its node':
    'DYN_EVENT_PLANE_HOST DYN_TCP_RPC_HOST DYN_TCP_RESPONSE_STREAM_HOST DYN_SYSTEM_HOST DYN_HTTP_HOST',
  'infra.ports.rpc': 'DYN_TCP_RPC_PORT DYN_TCP_RESPONSE_STREAM_PORT',
  'infra.ports.system': 'DYN_SYSTEM_PORT',
  'frontend.port': 'DYN_HTTP_PORT',
  'frontend.router_mode': 'DYN_ROUTER_MODE',
  'gpus_per_worker and the placement': 'CUDA_VISIBLE_DEVICES',
});

/** The source of each name, from the names of each source. */
function bySource(names: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(names).flatMap(([source, words]) =>
      words.split(' ').map((word) => [word, source] as const),
    ),
  );
}

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

/** A setting that dyn-slurm makes itself. `from`: a field's path, or words; `value`: what it is set to, where that is known. */
export function managed(path: ConfigPath, name: string, from: string, value?: string): Problem {
  const isField = /^[a-z_.]+$/.test(from);
  return keyError(
    path,
    `${name} is set by dyn-slurm, ${value === undefined ? '' : `to ${value} `}from ${from}`,
    isField ? `remove it here, and set ${from} instead` : 'remove it here',
  );
}

/** `NATS_TLS_INSECURE`, `DYN_TCP_TLS_KEY_PATH`, and as arguments of the frontend, `tcp-tls-key-path`. */
const TLS = /^(NATS_|DYN_TCP_|nats-|tcp-)(tls-(?!handshake)|TLS_(?!HANDSHAKE))/;

function lookUp(table: ReadonlyMap<string, string>, name: string): string | undefined {
  if (TLS.test(name)) return 'infra.tls';
  return table.get(name);
}
