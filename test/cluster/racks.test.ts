import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up, withCluster } from './cluster.ts';
import { Runs } from './runs.ts';
import { SessionSite } from './session-site.ts';

const unavailable = clusterAvailable();
/** The order of the names says nothing of what is close. */
const RACKS = [
  [1, 4],
  [2, 3],
];
const PAIRS = { prefill: { nodes: 2 }, decode: { nodes: 2 } };
const SPREAD =
  'decode-0 is spread over 2 switches (node4 in rack1; node2, node3 in rack2), between which its ranks talk over the slower network';

describe.skipIf(unavailable)(`racks${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let runs: Runs;
  let site: SessionSite;
  beforeAll(async () => {
    cluster = await up({ nodes: 4, switches: RACKS });
    runs = new Runs(cluster);
    site = new SessionSite(cluster);
  });
  afterAll(() => down(cluster));
  afterEach(async () => {
    await site.clear();
    await runs.clear();
  });

  const boundHosts = (nodes: unknown) =>
    (nodes as readonly { readonly host: string }[]).map(({ host }) => host);

  test('workers of several nodes stay behind one switch', async () => {
    const run = await runs.submit('pairs', PAIRS);
    const { nodes } = await runs.event(run, 'nodes-bound');
    expect(boundHosts(nodes)).toEqual(['node1', 'node4', 'node2', 'node3']);
    await runs.event(run, 'ready');
    expect(await Promise.all([0, 1].map((rank) => runs.host(run, 'decode-0', rank)))).toEqual([
      'node2',
      'node3',
    ]);
    expect((await runs.events(run)).filter(({ kind }) => kind === 'warning')).toEqual([]);
  });

  test("a worker of NVLink's that is larger than what is behind a switch is told with its nodes, and starts", async () => {
    const run = await runs.submit('spread', { gpu: 'gb200', prefill: { nodes: 1 }, decode: { nodes: 3 } });
    await runs.event(run, 'ready');
    const warnings = (await runs.events(run)).filter(({ kind }) => kind === 'warning');
    expect(warnings.map(({ step, reason }) => ({ step, reason }))).toEqual([
      { step: 'decode-0', reason: SPREAD },
    ]);
    // srun counts a step's nodes in Slurm's order.
    expect(await Promise.all([0, 1, 2].map((rank) => runs.host(run, 'decode-0', rank)))).toEqual([
      'node2',
      'node3',
      'node4',
    ]);
  });

  // Slurm takes --segment since 24.05, and its tree of switches takes no notice of it.
  test('with a segment it ends the job', async ({ skip }) => {
    skip(release(cluster) < 24.05);
    const run = await runs.submit('segment', {
      gpu: 'gb200',
      prefill: { nodes: 1 },
      decode: { nodes: 3 },
      slurm: { segment: 4 },
    });
    await runs.ends(run, {
      code: 7,
      verdict: { outcome: 'failed', reason: `${SPREAD}, though slurm.segment is 4` },
    });
  });

  test('a session gives its nodes the same indices', async () => {
    await site.put(
      'pairs.yaml',
      JSON.stringify({
        name: 'pairs',
        gpu: 'h100',
        model: { path: '/home/model', served_name: 'tiny' },
        slurm: { account: 'research', partition: 'batch', time: '10m' },
        ...PAIRS,
      }),
    );
    const session = await site.allocate('pairs.yaml');
    expect(session.nodes).toEqual(['node1', 'node4', 'node2', 'node3']);
    expect(await site.ada.run(['exec', '1', '--', 'hostname'])).toMatchObject({ stdout: 'node4\n', code: 0 });
    expect(await site.workers()).toMatchObject([
      { worker: 'frontend-0', nodes: ['node1'] },
      { worker: 'prefill-0', nodes: ['node1', 'node4'], state: 'serving' },
      { worker: 'decode-0', nodes: ['node2', 'node3'], state: 'serving' },
      { worker: 'bench' },
    ]);
    expect((await site.ada.run(['release'])).code).toBe(0);
  });

  // Slurm has blocks since 23.11.
  test('workers of several nodes stay in one block', async ({ skip }) => {
    skip(release(cluster) < 23.11);
    await withCluster({ name: `${cluster.name}0`, nodes: 4, blocks: RACKS }, async (blocks) => {
      const own = new Runs(blocks);
      const run = await own.submit('blocks', { gpu: 'gb200', slurm: { segment: 2 }, ...PAIRS });
      const { nodes } = await own.event(run, 'nodes-bound');
      expect(boundHosts(nodes)).toEqual(['node1', 'node4', 'node2', 'node3']);
      await own.event(run, 'ready');
      expect((await own.events(run)).filter(({ kind }) => kind === 'warning')).toEqual([]);
      await own.clear();
    });
  });
});

/** 22.05, 24.11. */
function release({ version }: Cluster): number {
  return Number.parseFloat(version);
}
