import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectSecurely, type TLSSocket } from 'node:tls';
import { connect as connectNats } from 'nats';
import { afterAll, afterEach, expect, test } from 'vitest';
import { processesOf, Stage } from './rehearsal.ts';
import { eventOf, submit } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

/** The ports that a certificate guards; `rpc` is each worker's, `responses` each frontend's. */
const GUARDED = ['etcd-client', 'nats', 'rpc', 'responses'];
const USES = ['etcd-client', 'nats', 'responses', 'responses', 'rpc', 'rpc', 'rpc'];

interface Place {
  readonly use: string;
  readonly host: string;
  readonly port: number;
}

test("with infra.tls a completion is served, and only who has the job's certificate gets an answer", async () => {
  const run = await submit(stage, 'tls');
  try {
    // Only a completion makes a service ready.
    await eventOf(run, 'ready');
    const watching = stage.start('watch', run.run, '--json', '--every', '0.5');
    await watching.line(/"source":"etcd","state":"up"/);
    await watching.line(/"source":"nats","state":"up"/);
    await watching.line(/"kind":"instances",.*"have":2,"want":2/);

    const { nodes } = (await eventOf(run, 'nodes-bound')) as unknown as { nodes: { ip: string }[] };
    const places = guardedPlaces(run.dir, nodes);
    expect(places.map(({ use }) => use).sort()).toEqual(USES);
    const [certificate, key] = [read(run.dir, 'tls.crt'), read(run.dir, 'tls.key')];
    for (const place of places) {
      // A TLS alert, or the end; NATS greets first.
      const plain = await said(place, 'GET / HTTP/1.0\r\n\r\n');
      if (place.use === 'nats') expect(plain).toMatch(/^INFO \{[^\n]*"tls_required":true[^\n]*\} \r\n$/);
      else expect(plain).toMatch(/^(\x15\x03.{5})?$/s);
      if (place.use === 'nats') continue;
      expect(await refusal(place, {})).toMatch(/certificate/i);
      expect(await refusal(place, { cert: certificate, key })).toBe('');
    }
    const [{ host, port } = { host: '', port: 0 }] = places.filter(({ use }) => use === 'nats');
    const [, user, pass] =
      /USERNAME=(\S+)\nNATS_AUTH_PASSWORD=(\S+)/.exec(read(run.dir, 'credentials')) ?? [];
    const login = { servers: `${host}:${port}`, user: String(user), pass: String(pass), reconnect: false };
    const ca = certificate;
    await expect(connectNats({ ...login, tls: { ca } })).rejects.toThrow();
    const bus = await connectNats({ ...login, tls: { ca, cert: ca, key: key } });
    await bus.close();

    // The key is in no argument, and in files that only its owner can read.
    const secret = key.split('\n')[1] ?? '';
    expect(processesOf(stage.runs).filter((command) => command.includes(secret))).toEqual([]);
    const holders = readdirSync(run.dir, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(run.dir, name)).isFile())
      .filter((name) => readFileSync(join(run.dir, name), 'utf8').includes(secret));
    expect(holders.sort()).toEqual(['state/credentials', 'state/tls.key']);
    for (const name of holders) expect(statSync(join(run.dir, name)).mode & 0o777).toBe(0o600);

    expect((await stage.run('cancel', run.run)).code).toBe(0);
    await watching.ended;
    expect(holders.filter((name) => existsSync(join(run.dir, name)))).toEqual([]);
  } finally {
    await stage.run('cancel', run.run);
  }
});

const read = (dir: string, name: string): string => readFileSync(join(dir, 'state', name), 'utf8');

/** Where the processes of the plan listen; the ports of this config stay where the plan has them, or are moved. */
function guardedPlaces(dir: string, nodes: readonly { readonly ip: string }[]): readonly Place[] {
  const { processes } = JSON.parse(readFileSync(join(dir, 'plan.json'), 'utf8')) as {
    processes: { nodeIndex: number; ports: { use: string; port: number }[] }[];
  };
  return processes.flatMap(({ nodeIndex, ports }) =>
    ports
      .filter(({ use }) => GUARDED.includes(use))
      .map(({ use, port }) => ({ use, host: nodes[nodeIndex]?.ip ?? '', port })),
  );
}

/** What a listener answers to text that is not encrypted, until it ends the connection. */
function said({ host, port }: Place, text: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect({ host, port }, () => socket.write(text));
    socket.on('data', (data) => {
      heard += data.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(heard));
  });
}

/** Why a listener ends a connection by TLS; nothing where it is open still after it has had to hear what was sent. */
function refusal({ host, port }: Place, own: { cert?: string; key?: string }): Promise<string> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connectSecurely({ host, port, rejectUnauthorized: false, ...own });
    const end = (why: string) => {
      socket.destroy();
      resolve(why);
    };
    socket.on('error', (error) => end(error.message));
    socket.on('session', () => end(''));
    socket.on('end', () => end('ended'));
  });
}
