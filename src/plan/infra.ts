import type { Job } from '../config/job.ts';
import { needsNats } from '../config/planes.ts';
import { argumentWords } from './engine/arguments.ts';
import { portPart, portWord } from './movable-ports.ts';
import type { Step } from './plan.ts';
import { etcdPorts, natsPorts } from './ports.ts';
import { LOCAL_DIR, RUN_DIR, SELF_IP } from './word.ts';

/** etcd, and NATS where something needs it, on the head node and bound to its chosen address only. */
export function infraSteps(job: Job): readonly Step[] {
  return needsNats(job) ? [etcd(job), nats(job)] : [etcd(job)];
}

/**
 * One member, for this run only. Its data are node-local, because leases run out while a shared file system
 * stalls, and fresh, because old data still list the dead workers of the run before.
 */
function etcd(job: Job): Step {
  const { etcd_client: client, etcd_peer: peer } = job.infra.ports;
  const clientUrl = ['http://', SELF_IP, ':', portPart('etcd-client', client, job)];
  const peerUrl = ['http://', SELF_IP, ':', portPart('etcd-peer', peer, job)];
  return {
    ...headStep('etcd'),
    argv: [
      'etcd',
      '--name',
      'head',
      '--data-dir',
      [LOCAL_DIR, '/etcd'],
      '--listen-client-urls',
      clientUrl,
      '--advertise-client-urls',
      clientUrl,
      '--listen-peer-urls',
      peerUrl,
      '--initial-advertise-peer-urls',
      peerUrl,
      '--initial-cluster',
      ['head=', ...peerUrl],
      // A token of the default 300 s ends Dynamo's session with it: registrations then fail, and never recover.
      '--auth-token-ttl',
      '31536000',
      // The password is random; hashing it slowly would hold up a thousand log-ins.
      '--bcrypt-cost',
      '4',
      ...(job.infra.etcd.args['log-level'] === undefined ? ['--log-level', 'warn'] : []),
      ...argumentWords(job.infra.etcd.args),
    ],
    ports: etcdPorts(job),
  };
}

/**
 * Everything but where it listens is in `nats.conf`: JetStream, which Dynamo needs, and the password, which argv
 * would show.
 */
function nats(job: Job): Step {
  return {
    ...headStep('nats'),
    argv: [
      'nats-server',
      '--config',
      [RUN_DIR, '/nats.conf'],
      '--addr',
      [SELF_IP],
      '--port',
      portWord('nats', job.infra.ports.nats, job),
    ],
    ports: natsPorts(job),
  };
}

function headStep(kind: 'etcd' | 'nats'): Omit<Step, 'argv' | 'ports'> {
  return {
    name: kind,
    kind,
    role: null,
    worker: null,
    nodes: [0],
    gpus: [],
    env: {},
    secrets: {},
    contained: true,
  };
}
