import { LOCAL_DIR, RUN_DIR } from '../argument.ts';
import { argumentWords } from '../config/argument-words.ts';
import { needsNats } from '../config/compat/planes.ts';
import type { Job } from '../config/job.ts';
import { usesDynamo } from '../config/schema/sections.ts';
import { insideSelf } from './exposure.ts';
import { mooncakeSteps } from './mooncake.ts';
import { portPart, portWord } from './movable-ports.ts';
import type { StepBody } from './plan.ts';
import { CERTIFICATE, KEY } from './planes.ts';
import { portOf } from './ports.ts';
import { stepOf } from './step-body.ts';

/** etcd, and NATS where something needs it, on the head node, bound to its chosen address or to loopback only; for Dynamo. */
export function infraSteps(job: Job): readonly StepBody[] {
  const dynamo = usesDynamo(job) ? [etcd(job), ...(needsNats(job) ? [nats(job)] : [])] : [];
  return [...dynamo, ...mooncakeSteps(job)];
}

/**
 * Where etcd listens for other members, of which there are none: a Unix socket in its working folder, `LOCAL_DIR`. On the
 * network one unauthenticated `/raft` message would switch authentication off. A relative name cannot exceed the 108
 * bytes that a socket's path may have; etcd up to 3.5 insists on a port, which is part of the file's name.
 */
const PEER_URL = 'unix://peer:1';

/** A member without others elects itself when this is over, at each start: by default only after 1 to 2 s. */
const TIMING = ['heartbeat-interval', 'election-timeout'];

/**
 * One member, for this run only. Its data are node-local, because leases run out while a shared file system
 * stalls, and fresh, because old data still list the dead workers of the run before.
 */
function etcd(job: Job): StepBody {
  const { tls } = job.infra;
  const { args } = job.infra.etcd;
  const given = new Set(Object.keys(args).map((name) => name.replaceAll('_', '-')));
  const clientUrl = [
    tls ? 'https://' : 'http://',
    insideSelf(job),
    ':',
    portPart('etcd-client', job.infra.ports.etcd_client, job),
  ];
  return stepOf({
    kind: 'etcd',
    contained: true,
    argv: [
      ...['etcd', '--name', 'head', '--data-dir', [LOCAL_DIR, '/etcd']],
      ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
      ...['--listen-peer-urls', PEER_URL, '--initial-advertise-peer-urls', PEER_URL],
      ...['--initial-cluster', `head=${PEER_URL}`],
      ...(tls
        ? [
            '--cert-file',
            CERTIFICATE,
            '--key-file',
            KEY,
            '--trusted-ca-file',
            CERTIFICATE,
            '--client-cert-auth',
          ]
        : []),
      // A token of the default 300 s ends Dynamo's session with it: registrations then fail, and never recover.
      ...['--auth-token-ttl', '31536000'],
      // The password is random; hashing it slowly would hold up a thousand log-ins.
      ...['--bcrypt-cost', '4'],
      ...(TIMING.some((flag) => given.has(flag))
        ? []
        : ['--heartbeat-interval', '10', '--election-timeout', '100']),
      ...(given.has('log-level') ? [] : ['--log-level', 'warn']),
      ...argumentWords(args),
    ],
    ports: [portOf(job, 'etcd-client')],
  });
}

/**
 * Everything but where it listens is in `nats.conf`: JetStream, which Dynamo needs, and the password, which argv
 * would show.
 */
function nats(job: Job): StepBody {
  return stepOf({
    kind: 'nats',
    contained: true,
    argv: [
      ...['nats-server', '--config', [RUN_DIR, '/nats.conf']],
      ...['--addr', [insideSelf(job)], '--port', portWord('nats', job.infra.ports.nats, job)],
      ...(job.infra.tls
        ? ['--tlsverify', '--tlscert', CERTIFICATE, '--tlskey', KEY, '--tlscacert', CERTIFICATE]
        : []),
    ],
    ports: [portOf(job, 'nats')],
  });
}
