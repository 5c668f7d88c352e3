import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listedInEtcd } from '../etcd.ts';
import { Terminal } from '../terminal.ts';
import { TokenLoad } from '../token-load.ts';
import { asUser, inBox } from './box.ts';
import { type LoginCli, loginCli } from './cli.ts';
import { type Cluster, clusterAvailable, down, USERS, up } from './cluster.ts';
import { laptopCli } from './laptop.ts';

const unavailable = clusterAvailable();
const ROOT = join(import.meta.dirname, '../..');
/** Leases that no test sees the end of. */
const CONFIG = `${readFileSync(join(ROOT, 'test/fixtures/cluster/disaggregated.yaml'), 'utf8').replace(
  'workers: 2,',
  'workers: 2, critical: false,',
)}infra: { etcd: { lease_ttl: 10m } }
`;

interface Status {
  readonly ready: { readonly url: string } | null;
  readonly verdict: unknown;
  readonly nodes: readonly { readonly index: number; readonly host: string }[];
}

describe.skipIf(unavailable)(`a service at work${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let cli: LoginCli;
  let run = '';
  let dir = '';
  let status: Status;
  let views: Readonly<Record<'login' | 'laptop', Terminal>>;

  beforeAll(async () => {
    cluster = await up({ nodes: 4 });
    cli = loginCli(cluster);
    const laptop = laptopCli(cluster);
    await laptop.put('.config/dyn-slurm/clusters/ada.yaml', 'host: login\n');
    await laptop.put('watched.yaml', CONFIG);
    const submitted = await laptop.run(['submit', 'watched.yaml', '--json', '--cluster', 'ada']);
    expect({ stderr: submitted.stderr, code: submitted.code }).toEqual({ stderr: '', code: 0 });
    ({ run, dir } = JSON.parse(submitted.stdout));
    do status = JSON.parse((await cli.run(['status', run, '--json'])).stdout);
    while (status.ready === null && status.verdict === null);
    expect(status.verdict).toBeNull();
    const watch = [process.execPath, join(ROOT, 'dist/main.js'), 'watch', run];
    views = {
      login: new Terminal(watch, {
        enter: (words) => inBox(cluster.state, 'login', asUser(USERS.ada, words, { env: { NO_COLOR: '1' } })),
      }),
      laptop: new Terminal([...watch, '--cluster', 'ada'], {
        enter: (words) => inBox(cluster.state, 'laptop', asUser(USERS.me, words, { env: { NO_COLOR: '1' } })),
      }),
    };
  });
  afterAll(async () => {
    await cluster.exec(['scancel', '--user=ada', '--full']);
    await down(cluster);
  });

  const service = () => {
    if (!status.ready) throw new Error('not ready');
    return new URL(status.ready.url);
  };
  const each = Object.keys as (record: typeof views) => readonly (keyof typeof views)[];
  const load = () => new TokenLoad(service().origin, 'tiny', { clients: 6, tokens: 64 });

  // What the figures come to: test/rehearsal/live.test.ts.
  test('the view shows the load, directly and through a tunnel', async () => {
    await Promise.all(each(views).map((name) => views[name].says(/decode-1 +node\d+ +ready/)));
    const clients = load();
    await Promise.all(each(views).map((name) => views[name].says(/[1-9][\d,]* tok\/s out/)));
    await Promise.all(each(views).map((name) => views[name].says(/1 min [1-9][\d,]*/)));
    expect((await clients.stop()).failures).toEqual([]);
    expect(views.laptop.text).toMatch(/etcd prefill 1\/1, decode 2\/2 +NATS/);
  });

  test('a worker that is killed under load is lost before its lease in etcd runs out', async () => {
    const clients = load();
    await Promise.all(each(views).map((name) => views[name].says(/[1-9][\d,]* tok\/s out/)));
    const node = status.nodes[3]?.host ?? '';
    const credentials = await cluster.onLogin(['cat', `${dir}/state/credentials`], { user: 'ada' });
    const killed = await cluster.onNode(node, ['pkill', '-KILL', '-f', 'dynamo.mocker']);
    expect(killed.code).toBe(0);
    await Promise.all(
      each(views).map((name) => views[name].says(/decode-1 +node\d+ +lost .*etcd still lists/)),
    );
    expect(await listedInEtcd(service().hostname, credentials.stdout, 'backend')).toHaveLength(2);
    await clients.stop();
  });

  test('its end is shown, too', async () => {
    const ended = await cli.run(['cancel', run]);
    expect(ended.code).toBe(0);
    await Promise.all(each(views).map((name) => views[name].says(/cancelled/)));
    for (const name of each(views)) expect(await views[name].ended).toBe(9);
  });
});
