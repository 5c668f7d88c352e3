import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { serviceEnvironment } from '../../../src/plan/environment.ts';
import { infraSteps } from '../../../src/plan/infra.ts';
import { checkRules } from '../../../src/plan/rules/check-rules.ts';
import { sampleJob } from './sample-job.ts';

const onHead = { role: null, worker: null, nodes: [0], gpus: [], env: {}, secrets: {}, contained: true };

test('etcd and NATS listen on the head node’s address only', () => {
  const ports = { etcd_client: 12379, nats: 14222 };
  const steps = infraSteps(sampleJob({ aggregated: {}, infra: { ports } }));
  expect(steps.map((step) => ({ ...step, argv: step.argv.map(argText).join(' ') }))).toEqual([
    {
      ...onHead,
      name: 'etcd',
      kind: 'etcd',
      argv: 'etcd --name head --data-dir ${LOCAL_DIR}/etcd --listen-client-urls http://${SELF_IP}:12379 --advertise-client-urls http://${SELF_IP}:12379 --listen-peer-urls unix://peer:1 --initial-advertise-peer-urls unix://peer:1 --initial-cluster head=unix://peer:1 --auth-token-ttl 31536000 --bcrypt-cost 4 --heartbeat-interval 10 --election-timeout 100 --log-level warn',
      ports: [{ use: 'etcd-client', port: 12379, count: 1, address: 'node', guard: 'password' }],
    },
    {
      ...onHead,
      name: 'nats',
      kind: 'nats',
      argv: 'nats-server --config ${RUN_DIR}/nats.conf --addr ${SELF_IP} --port 14222',
      ports: [{ use: 'nats', port: 14222, count: 1, address: 'node', guard: 'password' }],
    },
  ]);
});

test('with infra.bind: loopback what is inside the job listens there, and is looked for there', () => {
  const job = sampleJob({ aggregated: {}, infra: { bind: 'loopback' } });
  const [etcd, nats] = infraSteps(job).map(({ argv }) => argv.map(argText).join(' '));
  expect(etcd).toContain(
    ' --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 ',
  );
  expect(nats).toContain(' --addr 127.0.0.1 ');
  expect(Object.entries(serviceEnvironment(job)).map(([name, value]) => `${name}=${argText(value)}`)).toEqual(
    [
      'ETCD_ENDPOINTS=http://127.0.0.1:2379',
      'NATS_SERVER=nats://127.0.0.1:4222',
      'DYN_TCP_RPC_HOST=127.0.0.1',
      'DYN_EVENT_PLANE_HOST=127.0.0.1',
      'DYN_TCP_RESPONSE_STREAM_HOST=127.0.0.1',
      'DYN_SDK_DISABLE_ANSI_LOGGING=1',
      'PYTHONUNBUFFERED=1',
    ],
  );
});

test('with infra.tls the services ask for the certificate, and Dynamo’s processes have it', () => {
  const job = sampleJob({ aggregated: {}, infra: { tls: true } });
  const [etcd, nats] = infraSteps(job).map(({ argv }) => argv.map(argText).join(' '));
  const at = '${ATTEMPT_DIR}/state/tls';
  expect(etcd).toContain(' --listen-client-urls https://${SELF_IP}:2379 ');
  expect(etcd).toContain(
    ` --cert-file ${at}.crt --key-file ${at}.key --trusted-ca-file ${at}.crt --client-cert-auth `,
  );
  expect(nats?.slice(nats.indexOf(' --tls'))).toBe(
    ` --tlsverify --tlscert ${at}.crt --tlskey ${at}.key --tlscacert ${at}.crt`,
  );
  const env = Object.entries(serviceEnvironment(job)).map(([name, value]) => `${name}=${argText(value)}`);
  expect(env.filter((one) => /TLS|:\/\//.test(one))).toEqual([
    'ETCD_ENDPOINTS=https://${NODE_IP[0]}:2379',
    'NATS_SERVER=tls://${NODE_IP[0]}:4222',
    `NATS_TLS_CA_CERT_PATH=${at}.crt`,
    `NATS_TLS_CLIENT_CERT_PATH=${at}.crt`,
    `NATS_TLS_CLIENT_KEY_PATH=${at}.key`,
    `DYN_TCP_TLS_CA_CERT_PATH=${at}.crt`,
    `DYN_TCP_TLS_CLIENT_CERT_PATH=${at}.crt`,
    `DYN_TCP_TLS_CLIENT_KEY_PATH=${at}.key`,
    `DYN_TCP_TLS_CERT_PATH=${at}.crt`,
    `DYN_TCP_TLS_KEY_PATH=${at}.key`,
    `DYN_TCP_TLS_CLIENT_CA_CERT_PATH=${at}.crt`,
    'DYN_TCP_TLS_SERVER_NAME=dyn-slurm',
  ]);
});

test.each([
  ['the event plane of 1.x', {}, true],
  ['requests over NATS', { infra: { event_plane: 'zmq', request_plane: 'nats' } }, true],
  ['Dynamo 0.x', { infra: { event_plane: 'zmq' }, dynamo: { version: '0.6.1' } }, true],
  ['a user who asks for it', { infra: { event_plane: 'zmq', nats: true } }, true],
  ['nobody', { infra: { event_plane: 'zmq' } }, false],
])('NATS runs for %s', (_, sections, expected) => {
  const kinds = infraSteps(sampleJob({ aggregated: {}, ...sections })).map(({ kind }) => kind);
  expect(kinds).toEqual(expected ? ['etcd', 'nats'] : ['etcd']);
});

test('etcd takes further flags, and its lease goes to every process of Dynamo', () => {
  const args = { 'log-level': 'info', heartbeat_interval: 100, 'quota-backend-bytes': 8589934592 };
  const etcd = { lease_ttl: '60s', args };
  const job = sampleJob({ aggregated: {}, infra: { etcd } });
  const argv = infraSteps(job)[0]?.argv.map(argText).join(' ') ?? '';
  expect(argv.slice(argv.indexOf(' --bcrypt-cost'))).toBe(
    ' --bcrypt-cost 4 --log-level info --heartbeat-interval 100 --quota-backend-bytes 8589934592',
  );
  expect(serviceEnvironment(job)).toMatchObject({ ETCD_LEASE_TTL: '60' });
});

test('flags that make etcd the job’s own are refused', () => {
  const job = sampleJob({ aggregated: {}, infra: { etcd: { args: { data_dir: '/x' } } } });
  expect(checkRules(job).problems).toEqual([
    {
      severity: 'error',
      path: ['infra', 'etcd', 'args', 'data_dir'],
      at: 'key',
      message: "--data-dir is set by dyn-slurm, from the cluster profile's local_dir",
      hint: 'remove it here',
    },
  ]);
});
