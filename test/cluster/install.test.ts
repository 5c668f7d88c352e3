import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LoginCli, loginCli } from './cli.ts';
import { type Cluster, clusterAvailable, down, USERS, up } from './cluster.ts';

const unavailable = clusterAvailable();
const ROOT = join(import.meta.dirname, '../..');

describe.skipIf(unavailable)(
  `Dynamo installed when a job starts, from local wheels${unavailable ? ` (skipped: ${unavailable})` : ''}`,
  () => {
    let cluster: Cluster;
    let cli: LoginCli;
    beforeAll(async () => {
      cluster = await up({ nodes: 2 });
      cli = loginCli(cluster);
      withoutDynamo(cluster);
      downloadWheels(join(cluster.shared, 'wheels'));
      cpSync(join(ROOT, 'rehearsal/model'), join(cluster.shared, 'mock'), { recursive: true });
      for (const [name, text] of [
        ['contained', 'shared_container: false\n'],
        ['bare', 'container_runtime: none\n'],
      ] as const)
        home(`.config/dyn-slurm/clusters/${name}.yaml`, text);
    }, 300_000);
    afterAll(() => down(cluster));

    function home(path: string, text: string): void {
      const file = join(cluster.homes, 'ada', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      const { uid } = USERS.ada;
      execFileSync('chown', ['-R', `${uid}:${uid}`, join(cluster.homes, 'ada')]);
    }

    /** A run of two workers on two nodes, until it is ready or over: what it did, and where its folder is. */
    async function run(profile: string, wheels = join(cluster.shared, 'wheels')) {
      home(
        'install.yaml',
        `name: installed
cluster: ${profile}
engine: mocker
gpu: h100
aggregated: {workers: 2, gpus_per_worker: 8}
model: {path: ${join(cluster.shared, 'mock')}, served_name: tiny}
${profile === 'bare' ? '' : 'container: {image: "lmsysorg/sglang:v0.5.21"}\n'}dynamo: {install: {wheel: ${wheels}}}
slurm: {account: research, partition: batch, time: 30m}
`,
      );
      const submitted = await cli.run(['submit', 'install.yaml', '--json']);
      expect(submitted).toMatchObject({ code: 0 });
      const { run: name, dir } = JSON.parse(submitted.stdout) as { run: string; dir: string };
      const folder = join(cluster.homes, dir.replace(/^\/home\//, ''));
      const log = join(folder, 'events.jsonl');
      const events = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
      while (!/"kind":"(ready|verdict)"/.test(events())) await new Promise((done) => setTimeout(done, 200));
      const seen = events()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Readonly<Record<string, string>>);
      return {
        name,
        installed: seen.filter(({ kind }) => kind === 'install').map(({ state }) => state),
        last: seen.find(({ kind }) => kind === 'ready' || kind === 'verdict'),
        log: (step: string, node: string) => readFileSync(join(folder, `logs/${step}.${node}.log`), 'utf8'),
      };
    }

    const cancel = async (name: string) => expect((await cli.run(['cancel', name])).code).toBe(0);
    /** What nodes have installed. */
    const onNodes = () =>
      Promise.all(
        cluster.nodes.map(async ({ name }) => {
          const { stdout } = await cluster.onNode(name, ['sh', '-c', 'ls -d /tmp/dynamo-of-*/dynamo-*/']);
          return stdout.trim().split('\n').filter(Boolean).length;
        }),
      );
    const cache = () => readdirSync(join(cluster.homes, 'ada/dyn-slurm-runs/.dynamo')).sort();

    test('the nodes have no Dynamo, no etcd and no NATS', async () => {
      const look = 'python3 -c "import dynamo" 2>&1 | tail -n 1; type etcd nats-server 2>/dev/null';
      const { stdout } = await cluster.onNode('node2', ['bash', '-c', look]);
      expect(stdout).toBe("ModuleNotFoundError: No module named 'dynamo'\n");
    });

    test.each(['contained', 'bare'])(
      '%s: one job fetches, and the next finds it',
      { timeout: 900_000 },
      async (profile) => {
        const first = await run(profile);
        expect(first).toMatchObject({
          installed: ['fetching', 'fetched'],
          last: { kind: 'ready', model: 'tiny' },
        });
        const after = { cache: cache(), nodes: await onNodes() };
        await cancel(first.name);
        const second = await run(profile);
        expect(second).toMatchObject({ installed: ['found'], last: { kind: 'ready', model: 'tiny' } });
        expect({ cache: cache(), nodes: await onNodes() }).toEqual(after);
        await cancel(second.name);
      },
    );

    test('a wheel that was changed in the cache is fetched again', { timeout: 900_000 }, async () => {
      const [entry = ''] = cache().filter((name) => !/lock|damaged|-venv-/.test(name));
      const folder = join(cluster.homes, 'ada/dyn-slurm-runs/.dynamo', entry);
      writeFileSync(join(folder, 'ai_dynamo-1.6.1-py3-none-any.whl'), 'planted');
      const { name, installed, last } = await run('contained');
      expect({ installed, last }).toMatchObject({
        installed: ['fetching', 'fetched'],
        last: { kind: 'ready' },
      });
      expect(cache()).toContain(`${entry}.damaged`);
      await cancel(name);
    });

    test('wheels that are not enough end the job with the cause', { timeout: 300_000 }, async () => {
      const few = join(cluster.shared, 'few');
      mkdirSync(few);
      for (const name of readdirSync(join(cluster.shared, 'wheels')))
        if (!name.startsWith('uvloop')) cpSync(join(cluster.shared, 'wheels', name), join(few, name));
      const { name, last } = await run('contained', few);
      expect(last).toMatchObject({
        outcome: 'failed',
        reason:
          "Dynamo is not installed: Dynamo cannot be loaded: ModuleNotFoundError: No module named 'uvloop'",
      });
      const watched = await cli.run(['watch', name]);
      expect(watched.code).toBe(7);
      expect(watched.stdout + watched.stderr).toContain('see dynamo.install');
    });
  },
);

/** Nodes whose python3 is the tools' own, from before Dynamo was installed into them. */
function withoutDynamo({ state }: Cluster): void {
  const bin = join(state, 'node-bin');
  for (const program of ['etcd', 'nats-server', 'nginx']) rmSync(join(bin, program));
  const wrapper = readFileSync(join(bin, 'python3'), 'utf8');
  const [, tools = ''] = /^DYN_SLURM_TOOLS=(\S+)\/\$\(id/m.exec(wrapper) ?? [];
  const python = execFileSync('readlink', ['-f', join(tools, 'root/venv/bin/python')], {
    encoding: 'utf8',
  }).trim();
  writeFileSync(join(bin, 'python3'), `#!/bin/sh\nexec ${python} "$@"\n`);
  chmodSync(join(bin, 'python3'), 0o755);
}

/** What a rehearsal's tools are made of. */
function downloadWheels(folder: string): void {
  mkdirSync(folder);
  for (const lock of ['rehearsal/requirements.txt', 'templates/servers.txt'])
    execFileSync('python3', [
      ...['-m', 'pip', 'download', '--quiet', '--no-deps', '--require-hashes', '--dest', folder],
      ...['-r', join(ROOT, lock)],
    ]);
}
