import { type Arg, ATTEMPT_DIR } from '../argument.ts';
import { hasPlanes, hasRequestPlane, needsNats } from '../config/compat/planes.ts';
import type { Job } from '../config/job.ts';
import type { JobConfig } from '../config/schema/job-schema.ts';
import { usesDynamo } from '../config/schema/sections.ts';

/** What etcd asks of its clients. Dynamo 0.x cannot log in. Its client leaves certificates alone where it has a password. */
export function etcdGuard(
  job: Pick<JobConfig, 'dynamo' | 'infra' | 'frontend'>,
): 'none' | 'password' | 'certificate' {
  if (!usesDynamo(job)) return 'none';
  if (job.infra.tls) return 'certificate';
  return hasPlanes(job) ? 'password' : 'none';
}

/** What lib.sh makes before anything starts. The certificate is its own authority, and clients have the servers' key. */
export const CERTIFICATE: Arg = [ATTEMPT_DIR, '/state/tls.crt'];
export const KEY: Arg = [ATTEMPT_DIR, '/state/tls.key'];

/**
 * How Dynamo's processes speak TLS, and ask for it, from 1.5 on. What etcd's clients need is no file, and is in
 * state/credentials.
 */
export function tlsEnvironment(job: Job): Readonly<Record<string, Arg>> {
  if (!job.infra.tls) return {};
  return {
    ...(needsNats(job) && client('NATS_TLS')),
    ...(hasRequestPlane(job) && {
      ...client('DYN_TCP_TLS'),
      DYN_TCP_TLS_CERT_PATH: CERTIFICATE,
      DYN_TCP_TLS_KEY_PATH: KEY,
      DYN_TCP_TLS_CLIENT_CA_CERT_PATH: CERTIFICATE,
      // Frontends of 1.5 hear answers at the address of the default route, whatever the chosen one is.
      DYN_TCP_TLS_SERVER_NAME: 'dyn-slurm',
    }),
  };
}

function client(prefix: string): Readonly<Record<string, Arg>> {
  return {
    [`${prefix}_CA_CERT_PATH`]: CERTIFICATE,
    [`${prefix}_CLIENT_CERT_PATH`]: CERTIFICATE,
    [`${prefix}_CLIENT_KEY_PATH`]: KEY,
  };
}
