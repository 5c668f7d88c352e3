import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { streamChat } from '../../../src/rehearsal/chat.ts';
import { Service } from './service.ts';

const MODEL = 'deepseek-ai/DeepSeek-R1';
const NATS_CONF = (address: string, folder: string) => `
host: "${address}"
port: 4222
http: "${address}:8222"
jetstream { store_dir: "${folder}/nats" }
authorization { user: dyn-slurm, password: $NATS_AUTH_PASSWORD }
`;

// Real etcd, NATS with a password, frontend and engines' stand-ins, started as a rehearsal starts them.
describe("Dynamo 1.6.1 through the node's programs", () => {
  const service = new Service();
  const secrets = { NATS_AUTH_USERNAME: 'dyn-slurm', NATS_AUTH_PASSWORD: 'p0123456789abcdef' };

  beforeAll(async () => {
    const head = service.address(1);
    const conf = service.writeFile('nats.conf', NATS_CONF(head, service.folder));
    const urls = [`--listen-client-urls=${service.etcd}`, `--advertise-client-urls=${service.etcd}`];
    service.start('etcd', 1, ['etcd', '--data-dir=etcd', ...urls, `--listen-peer-urls=http://${head}:2380`]);
    service.start('nats', 1, ['nats-server', '--config', conf], secrets);
    await service.until('etcd', async () => (await fetch(`${service.etcd}/health`)).ok);
    const env = { ...secrets, NATS_SERVER: service.nats };
    const planes = ['--request-plane', 'tcp', '--event-plane', 'nats'];
    const http = ['--http-host', head, '--http-port', '8000', '--router-mode', 'kv'];
    service.start('frontend', 1, ['python3', '-m', 'dynamo.frontend', ...http, ...planes], env);
    const engine = (node: number, mode: string, dp: number, rank = 0) => {
      const leader = `${service.address(mode === 'prefill' ? 2 : 4)}:29500`;
      const ranks = [
        '--dist-init-addr',
        leader,
        '--nnodes',
        '2',
        '--node-rank',
        `${rank}`,
        '--dp-size',
        `${dp}`,
      ];
      const model = ['--model-path', '/models/DeepSeek-R1', '--served-model-name', MODEL];
      const disagg = ['--disaggregation-mode', mode, '--disaggregation-bootstrap-port', '30001'];
      const argv = [
        'python3',
        '-m',
        'dynamo.sglang',
        ...model,
        ...disagg,
        ...ranks,
        ...planes,
        '--enable-dp-attention',
      ];
      const ports = {
        DYN_TCP_RPC_PORT: '7777',
        DYN_SYSTEM_HOST: service.address(node),
        DYN_SYSTEM_PORT: '8081',
      };
      service.start(`${mode}-${rank}`, node, argv, { ...env, ...ports });
    };
    engine(2, 'prefill', 32);
    engine(3, 'prefill', 32, 1);
    engine(4, 'decode', 72);
    engine(5, 'decode', 72, 1);
    await service.until(
      'the model',
      async () => (await fetch(`${service.frontend}/v1/models/${MODEL}/ready`)).ok,
    );
  });

  afterAll(() => service.close());

  test('registers one instance a worker, whatever its ranks', async () => {
    const { instances } = (await (await fetch(`${service.frontend}/health`)).json()) as {
      instances: { component: string; endpoint: string; transport: { tcp: string } }[];
    };
    const workers = instances
      .filter(({ endpoint }) => endpoint === 'generate')
      .map(({ component, transport }) => `${component} ${transport.tcp.split('/')[0]}`);
    expect(workers.sort()).toEqual([
      `backend ${service.address(4)}:7777`,
      `prefill ${service.address(2)}:7777`,
    ]);
    expect(await count('prefill')).toBe('1');
    expect(await count('backend')).toBe('1');
    expect(await count('encode')).toBeUndefined();
  });

  test('completes a chat in words, streamed', async () => {
    const pieces: string[] = [];
    const request = { url: service.frontend, model: MODEL, prompt: 'hello', maxTokens: 24 };
    const summary = await streamChat({ ...request, signal: AbortSignal.timeout(30_000) }, (piece) =>
      pieces.push(piece),
    );
    expect(summary.tokens).toBe(24);
    expect(pieces.join('')).toMatch(/^( [a-z]+){24}$/);
  });

  test('talks to NATS by its password alone', async () => {
    const { connections } = (await (
      await fetch(`http://${service.address(1)}:8222/connz?auth=1`)
    ).json()) as {
      connections: { authorized_user: string; lang: string }[];
    };
    expect(new Set(connections.map(({ authorized_user, lang }) => `${lang} ${authorized_user}`))).toEqual(
      new Set(['rust dyn-slurm']),
    );
    const socket = connect(4222, service.address(1));
    socket.write('CONNECT {"verbose":false,"user":"dyn-slurm","pass":"guess"}\r\nPING\r\n');
    const said = await text(socket);
    expect(said).toContain('"jetstream":true');
    expect(said).toContain("-ERR 'Authorization Violation'");
  });

  test('ends cleanly when told to: workers, frontend, NATS, etcd', async () => {
    const workers = ['prefill-1', 'decode-1', 'prefill-0', 'decode-0'];
    expect(await Promise.all(workers.map((name) => service.end(name)))).toEqual([0, 0, 0, 0]);
    expect(await service.end('frontend')).toBe(0);
    expect(await service.end('nats')).toBe(0);
    expect(await service.end('etcd')).toBe('SIGTERM');
    expect(service.log('decode-1').trim().split('\n')).toEqual([
      'rehearsal: dynamo.sglang stands in as dynamo.mocker: decode, dp 72',
      `rehearsal: node rank 1 of 2 registers nothing and follows its leader at ${service.address(4)}:29500`,
      'rehearsal: node rank 1 of 2 found its leader',
    ]);
  });

  /** As the job counts: etcd leaves a count of zero out. */
  async function count(component: string): Promise<string | undefined> {
    const prefix = `v1/instances/dynamo/${component}/generate/`;
    const body = { key: btoa(prefix), range_end: btoa(`${prefix.slice(0, -1)}0`), count_only: true };
    const answer = await fetch(`${service.etcd}/v3/kv/range`, { method: 'POST', body: JSON.stringify(body) });
    return ((await answer.json()) as { count?: string }).count;
  }
});
