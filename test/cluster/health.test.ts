import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, type UpOptions, up } from './cluster.ts';
import { drain, loseNode, undrain } from './faults.ts';

const unavailable = clusterAvailable();
const ROOT = join(import.meta.dirname, '../..');
const OPTIONS: UpOptions = { nodes: 3, minJobAge: 300 };

/** Loads for so many seconds, and says so, and is then the real one. */
const SLOW_PYTHON = `#!/bin/bash
PATH=\${PATH#*:}
for ((i = 0; i < \${SHARDS:-0}; i++)); do echo "loading shard $i"; sleep 1; done
exec python3 "$@"
`;

type Event = Readonly<Record<string, unknown>> & { readonly kind: string };

interface Run {
  readonly run: string;
  readonly dir: string;
  readonly jobId: string;
}

describe.skipIf(unavailable)(`health${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let path = '';
  beforeAll(async () => {
    cluster = await up(OPTIONS);
    mkdirSync(join(cluster.shared, 'slow'));
    writeFileSync(join(cluster.shared, 'slow/python3'), SLOW_PYTHON, { mode: 0o755 });
    const { stdout } = await cluster.onNode('node1', ['bash', '-lc', 'echo $PATH']);
    path = `${cluster.shared}/slow:${stdout.trim()}`;
  });
  afterAll(() => down(cluster));
  afterEach(async () => {
    await cluster.exec(['scancel', '--user=root']);
    await expect.poll(async () => (await cluster.exec(['squeue', '-h'])).stdout).toBe('');
  });

  const runs = () => join(cluster.shared, 'runs');
  /** The command line on a node, whose disks it shares. */
  const onNode1 = (folder: string, ...args: string[]) => {
    const environment = [
      `DYN_SLURM_RUNS=${folder}`,
      `XDG_CONFIG_HOME=${cluster.shared}`,
      `XDG_STATE_HOME=${cluster.shared}/state`,
      'NO_COLOR=1',
    ];
    const argv = ['env', ...environment, process.execPath, join(ROOT, 'dist/main.js'), ...args];
    return cluster.onNode('node1', argv);
  };

  function configOf(name: string, sections: Readonly<Record<string, unknown>>): string {
    const config = {
      name,
      gpu: 'h100',
      model: { path: join(cluster.shared, 'model'), served_name: 'tiny' },
      aggregated: { nodes: 1 },
      ...sections,
      slurm: { account: 'research', partition: 'batch', time: '10m', ...(sections.slurm ?? {}) },
    };
    const file = join(cluster.shared, `${name}.yaml`);
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  async function submit(
    name: string,
    sections: Readonly<Record<string, unknown>>,
    folder = runs(),
  ): Promise<Run> {
    const { code, stdout, stderr } = await onNode1(folder, 'submit', configOf(name, sections), '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  }

  async function eventsOf({ dir }: Run): Promise<readonly Event[]> {
    const { stdout } = await cluster.onNode('node1', ['bash', '-c', `cat ${dir}/events.jsonl 2>/dev/null`]);
    // What comes after the last line break is still being written.
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  async function eventOf(run: Run, kind: string): Promise<Event> {
    for (;;) {
      const events = await eventsOf(run);
      const found = events.find((event) => event.kind === kind);
      if (found) return found;
      const last = events.at(-1);
      if (last?.kind === 'verdict') throw new Error(`no ${kind}: ${JSON.stringify(last)}`);
      await sleep(100);
    }
  }

  test('a worker that loads slowly, and says so, has until the deadline', async () => {
    const run = await submit('loading', {
      health: { stall: '20s', deadline: '8m' },
      aggregated: { nodes: 1, env: { PATH: path, SHARDS: '25' } },
    });
    await eventOf(run, 'ready');
  });

  test('a node whose local_dir is full is refused before etcd starts', async () => {
    const profiles = join(cluster.shared, 'dyn-slurm/clusters');
    mkdirSync(profiles, { recursive: true });
    writeFileSync(join(profiles, 'cramped.yaml'), 'local_dir: /mnt\n');
    await cluster.onNode('node1', ['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=1777', 'tmpfs', '/mnt']);
    try {
      const sections = { cluster: 'cramped', slurm: { directives: { nodelist: 'node1' } } };
      const run = await submit('cramped', sections);
      expect(await eventOf(run, 'verdict')).toMatchObject({
        outcome: 'failed',
        reason: expect.stringMatching(
          /^node1 has only \d+ KB left in \/mnt, which should hold the data of etcd/,
        ),
      });
      expect((await eventsOf(run)).map(({ kind }) => kind)).not.toContain('step-started');
    } finally {
      await cluster.onNode('node1', ['umount', '/mnt']);
    }
  });

  test('a port that is taken after the preflight is named by who needs it', async () => {
    const listen = "import socket,time; s=socket.create_server(('',8000)); time.sleep(600)";
    const listener = await cluster.onNode('node1', [
      'bash',
      '-c',
      `python3 -c "${listen}" >/dev/null 2>&1 & echo $!`,
    ]);
    try {
      // Without a preflight there is none that could have seen it.
      const run = await submit('stolen', {
        health: { preflight: false },
        slurm: { directives: { nodelist: 'node1' } },
      });
      expect(await eventOf(run, 'verdict')).toMatchObject({
        outcome: 'failed',
        step: 'frontend-0',
        node: 'node1',
        line: expect.stringMatching(/in use/i),
      });
    } finally {
      await cluster.onNode('node1', ['kill', listener.stdout.trim()]);
    }
  });

  test('a node that is drained goes on serving', async () => {
    const run = await submit('drained', { slurm: { directives: { nodelist: 'node1' } } });
    await eventOf(run, 'ready');
    const before = (await eventsOf(run)).length;
    await drain(cluster, 'node1', 'fan');
    const { stdout } = await onNode1(runs(), 'status', run.run, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'ready',
      nodeMarks: [{ node: 'node1', state: 'draining', reason: 'fan' }],
    });
    expect((await onNode1(runs(), 'status', run.run)).stdout).toContain(
      '  warning  node1 is draining (fan); its running jobs continue\n',
    );
    expect((await eventsOf(run)).slice(before)).toEqual([]);
    await undrain(cluster, 'node1');
  });

  test('a disk that is full does not keep the job from ending, and from saying why', async () => {
    await cluster.onNode('node1', ['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', '/mnt']);
    const run = await submit('full', { slurm: { directives: { nodelist: 'node1' } } }, '/mnt');
    await eventOf(run, 'ready');
    await cluster.onNode('node1', ['bash', '-c', 'dd if=/dev/zero of=/mnt/filler bs=4k 2>/dev/null']);
    await cluster.onNode('node1', ['pkill', '-KILL', '-f', 'dynamo.mocker']);
    expect(await eventOf(run, 'verdict')).toMatchObject({ outcome: 'failed', step: 'aggregated-0' });
    const ended = await onNode1('/mnt', 'watch', run.run);
    expect(ended.code).toBe(7);
    const refused = await onNode1('/mnt', 'submit', configOf('more', {}), '--json');
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringMatching(/no space left/i) });
  });

  test('a head node without power is what the client names', async () => {
    const run = await submit('headless', {
      aggregated: { nodes: 2 },
      slurm: { directives: { nodelist: 'node2,node3' } },
    });
    await eventOf(run, 'ready');
    await loseNode(cluster, 'node2');
    const watched = await onNode1(runs(), 'watch', run.run);
    expect(watched.stdout + watched.stderr).toMatch(
      /node2, the head node, or another node of the job failed.*NODE_FAIL/s,
    );
    expect(watched.code).toBe(7);
    await up(OPTIONS);
  });
});
