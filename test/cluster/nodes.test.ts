import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, type UpOptions, up } from './cluster.ts';
import { drain, loseNode, undrain } from './faults.ts';
import { type Run, Runs } from './runs.ts';

const unavailable = clusterAvailable();
const OPTIONS: UpOptions = { nodes: 4 };

describe.skipIf(unavailable)(`bad nodes${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  /** Of one user; each test has another. */
  let runs: Runs;
  beforeAll(async () => {
    cluster = await up(OPTIONS);
    mkdirSync(join(cluster.shared, 'gpus'));
    for (const { name } of cluster.nodes) await giveGpus(name);
    // An engine that finds its GPU broken on one of the nodes.
    mkdirSync(join(cluster.shared, 'broken'));
    const script = `[ "$(hostname)" != node2 ] || { echo 'RuntimeError: CUDA error: uncorrectable ECC error encountered' >&2; exit 1; }
exec /usr/local/bin/python3 "$@"`;
    writeFileSync(join(cluster.shared, 'broken/python3'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  });
  afterAll(() => down(cluster));
  beforeEach(() => {
    runs = new Runs(cluster);
    for (const { name } of cluster.nodes) gpusOf(name);
  });
  afterEach(() => runs.clear());

  /** A stand-in for nvidia-smi, which says what `gpusOf` wrote for the node. */
  async function giveGpus(node: string): Promise<void> {
    const script = `case "$*" in --query-gpu=index,memory.used,*) cat ${cluster.shared}/gpus/$(hostname) ;; *) exec sleep 600 ;; esac`;
    const install =
      'mount -t tmpfs none /usr/local/sbin && printf "#!/bin/sh\\n%s\\n" "$0" >/usr/local/sbin/nvidia-smi && chmod 755 /usr/local/sbin/nvidia-smi';
    expect(await cluster.onNode(node, ['bash', '-c', install, script])).toMatchObject({ code: 0 });
  }

  function gpusOf(node: string, { name = 'NVIDIA H100 80GB HBM3', used = 0, count = 8 } = {}): void {
    const line = (index: number) =>
      `${index}, ${used} MiB, ${name}, Disabled, 0, No, No, [N/A], [N/A], [N/A], [N/A]\n`;
    writeFileSync(
      join(cluster.shared, 'gpus', node),
      Array.from({ length: count }, (_, index) => line(index)).join(''),
    );
  }

  interface Chain extends Run {
    readonly retries: readonly Run[];
  }

  async function submit(
    name: string,
    sections: Readonly<Record<string, unknown>>,
    ...more: string[]
  ): Promise<Chain> {
    const { code, stdout, stderr } = await runs.cli('submit', runs.config(name, sections), '--json', ...more);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  }

  async function noted(user = runs): Promise<readonly { readonly node: string; readonly reason: string }[]> {
    return JSON.parse((await user.cli('nodes', '--json')).stdout);
  }

  const boundTo = async (run: Run) =>
    ((await runs.event(run, 'nodes-bound')).nodes as readonly { readonly host: string }[]).map(
      ({ host }) => host,
    );

  const excludedFrom = async ({ jobId }: Run) =>
    /ExcNodeList=(\S+)/.exec((await cluster.exec(['scontrol', 'show', 'job', jobId])).stdout)?.[1];

  const HELD =
    "has GPUs with up to 90000 MiB in use before the job starts (0, 1, 2, 3, 4, 5, 6, 7): by another job's processes, or ones that are left over";

  test('a node whose GPUs others hold is kept from the next try, and from all that comes later', async () => {
    gpusOf('node2', { used: 90_000 });
    const { retries, ...run } = await submit('held', { aggregated: { nodes: 2 } }, '--retries', '1');
    expect(await runs.event(run, 'verdict')).toMatchObject({ outcome: 'failed', reason: `node2 ${HELD}` });
    const [second] = retries;
    if (second === undefined) throw new Error('there is no retry');
    // Node1 may still be busy with the end of the first one.
    expect(await boundTo(second)).not.toContain('node2');
    await runs.event(second, 'ready');
    await runs.cli('cancel', second.run);

    // Whichever command is first to learn of it.
    const page = join(cluster.shared, 'held.html');
    for (const words of [
      ['watch', run.run],
      ['status', run.run],
      ['status'],
      ['report', run.run, '--out', page],
      ['cancel', run.run],
    ]) {
      const user = new Runs(cluster);
      expect(await noted(user)).toEqual([]);
      await user.cli(...words);
      expect(await noted(user), words.join(' ')).toMatchObject([
        { node: 'node2', reason: HELD, run: run.run },
      ]);
    }

    await runs.cli('status');
    const later = await submit('later', {
      aggregated: { nodes: 2 },
      slurm: { directives: { exclude: 'node4' } },
    });
    expect(await excludedFrom(later)).toBe('node[2,4]');
    expect(await boundTo(later)).toEqual(['node1', 'node3']);
    await runs.cli('cancel', later.run);
    const session = await runs.cli(
      'allocate',
      runs.config('session', { aggregated: { nodes: 3 } }),
      '--json',
    );
    expect(session.code, session.stderr).toBe(0);
    expect(JSON.parse(session.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      nodes: ['node1', 'node3', 'node4'],
    });
    expect((await runs.cli('release')).code).toBe(0);
  });

  test('a node with GPUs of another model is the odd one among several', async () => {
    gpusOf('node1', { name: 'NVIDIA A100-SXM4-40GB' });
    const run = await submit('odd', { aggregated: { nodes: 2 } });
    const reason = 'has NVIDIA A100-SXM4-40GB, and the config says `gpu: h100`';
    expect(await runs.event(run, 'verdict')).toMatchObject({ outcome: 'failed', reason: `node1 ${reason}` });
    await runs.cli('watch', run.run);
    expect(await noted()).toMatchObject([{ node: 'node1', reason }]);
  });

  test('a node whose GPU breaks under an engine is kept from the retry', async () => {
    const env = { PATH: `${cluster.shared}/broken:/usr/local/bin:/usr/bin:/bin` };
    const { retries, ...run } = await submit(
      'broken',
      { aggregated: { workers: 2, nodes: 2, env } },
      '--retries',
      '1',
    );
    const [second] = retries;
    if (second === undefined) throw new Error('there is no retry');
    expect(await runs.event(run, 'verdict')).toMatchObject({ outcome: 'failed', node: 'node2' });
    // Node1 may still be busy with the end of the first one.
    expect(await boundTo(second)).not.toContain('node2');
    await runs.event(second, 'ready');
    await runs.cli('watch', run.run);
    expect(await noted()).toMatchObject([
      {
        node: 'node2',
        reason:
          'had a fault: the memory of a GPU has an uncorrectable error (ECC): RuntimeError: CUDA error: uncorrectable ECC error encountered',
      },
    ]);
  });

  test('a node that an administrator drains under a run is told, and not blamed', async () => {
    const run = await submit('drained', { aggregated: { nodes: 2 } });
    await runs.event(run, 'ready');
    await drain(cluster, 'node2', 'a new DIMM');
    const { stdout } = await runs.cli('status', run.run);
    expect(stdout).toContain('warning  node2 is draining (a new DIMM); its running jobs continue\n');
    expect(await noted()).toEqual([]);
    await runs.cli('cancel', run.run);
    await undrain(cluster, 'node2');
  });

  // The last one: a node without power comes back slowly.
  test('a head node without power is noted, though the job could say nothing any more', async () => {
    // The command line runs on node1.
    const slurm = { directives: { nodelist: 'node[3-4]' } };
    const run = await submit('dark', { aggregated: { nodes: 2 }, slurm });
    await runs.event(run, 'ready');
    const head = await runs.host(run, 'etcd');
    await loseNode(cluster, head);
    await expect
      .poll(async () => JSON.parse((await runs.cli('status', run.run, '--json')).stdout).verdict)
      .toMatchObject({ inferred: true, outcome: 'failed' });
    expect(await noted()).toMatchObject([{ node: head, reason: 'failed while a job ran on it' }]);
    await up(OPTIONS);
    await cluster.onNode(head, ['bash', '-c', 'rm -rf /tmp/dyn-slurm-*']);
  });
});
