import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Stage } from './rehearsal.ts';
import { eventOf, submit } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

test("with infra.bind: loopback only the frontend can be reached at the node's address", async () => {
  const run = await submit(stage, 'loopback');
  try {
    // Only a completion makes a service ready.
    await eventOf(run, 'ready');
    const { nodes } = (await eventOf(run, 'nodes-bound')) as unknown as { nodes: [{ ip: string }] };
    const { processes } = JSON.parse(readFileSync(join(run.dir, 'plan.json'), 'utf8')) as {
      processes: { name: string; ports: { use: string; port: number }[] }[];
    };
    const uses = ['etcd-client', 'nats', 'frontend', 'responses', 'rpc', 'system'];
    const seen = processes.flatMap(({ name, ports }) =>
      ports
        .filter(({ use }) => uses.includes(use))
        .map(async ({ use, port }) => ({
          port: `${use} of ${name}`,
          node: await listens(nodes[0].ip, port),
          loopback: await listens('127.0.0.1', port),
        })),
    );
    const inside = { node: false, loopback: true };
    expect((await Promise.all(seen)).toSorted((a, b) => (a.port < b.port ? -1 : 1))).toEqual([
      { port: 'etcd-client of etcd', ...inside },
      { port: 'frontend of frontend-0', node: true, loopback: false },
      { port: 'nats of nats', ...inside },
      { port: 'responses of frontend-0', ...inside },
      { port: 'rpc of decode-0', ...inside },
      { port: 'rpc of decode-1', ...inside },
      { port: 'rpc of prefill-0', ...inside },
      { port: 'system of decode-0', ...inside },
      { port: 'system of decode-1', ...inside },
      { port: 'system of prefill-0', ...inside },
    ]);
    // The login node's loopback is another: nothing of the inside is looked for there.
    const watching = stage.start('watch', run.run, '--json', '--every', '0.5');
    await watching.line(/"source":"frontends?","state":"up"/);
    expect((await stage.run('cancel', run.run)).code).toBe(0);
    await watching.ended;
  } finally {
    await stage.run('cancel', run.run);
  }
});

function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
