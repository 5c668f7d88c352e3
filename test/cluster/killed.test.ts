import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { type Run, Runs } from './runs.ts';

const unavailable = clusterAvailable();

describe.skipIf(unavailable)(`killed jobs${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let runs: Runs;
  beforeAll(async () => {
    // A watch asks for a job that serves once a minute.
    cluster = await up({ nodes: 2, minJobAge: 300 });
    runs = new Runs(cluster);
  });
  afterAll(() => down(cluster));
  afterEach(() => runs.clear());

  async function served(name: string, sections: object = {}): Promise<Run> {
    const run = await runs.submit(name, { aggregated: { nodes: 2 }, ...sections });
    await runs.event(run, 'ready');
    return run;
  }

  /** Nobody is left to remove what etcd and NATS had on the node's own disk. */
  async function sweep(): Promise<void> {
    for (const { name } of cluster.nodes)
      await cluster.onNode(name, ['bash', '-c', 'rm -rf /tmp/dyn-slurm-*']);
  }

  test('whose script is killed, and can say nothing, end with what Slurm says', async () => {
    const run = await served('script');
    const head = await runs.host(run, 'etcd');
    const { stdout } = await cluster.onNode(head, ['pgrep', '-f', '/slurm_script$']);
    const [pid = ''] = stdout.trim().split('\n');
    expect((await cluster.onNode(head, ['kill', '-KILL', pid])).code).toBe(0);
    const watched = await runs.cli('watch', run.run);
    expect(watched.code, watched.stderr).toBe(7);
    await sweep();
    await runs.ends(run, {
      code: 7,
      verdict: {
        outcome: 'failed',
        inferred: true,
        reason: expect.stringMatching(/^Slurm reports FAILED \(.+\); the job left no verdict$/),
      },
    });
  });

  // Slurm takes it for a cancel: the job has its KillWait.
  test('that scancel kills with all their steps are cancelled', async () => {
    const run = await served('full');
    expect((await cluster.exec(['scancel', '--signal=KILL', '--full', run.jobId])).code).toBe(0);
    await runs.ends(run, { code: 9, verdict: { outcome: 'cancelled', reason: 'cancelled' } });
  });

  test('that are put back into the queue start again from nothing', async () => {
    const run = await served('again', { slurm: { requeue: true } });
    expect((await cluster.exec(['scontrol', 'requeue', run.jobId])).code).toBe(0);
    expect(await runs.event(run, 'requeued')).toMatchObject({ reason: 'put back into the queue' });
    // Slurm waits for two minutes before it starts a job again, from when its end is complete.
    await expect
      .poll(async () => {
        await cluster.exec(['scontrol', 'update', `jobid=${run.jobId}`, 'starttime=now']);
        return (await runs.events(run)).filter(({ kind }) => kind === 'job-started').length;
      })
      .toBe(2);
    await expect
      .poll(async () => (await runs.events(run)).filter(({ kind }) => kind === 'ready' || kind === 'verdict'))
      .toMatchObject([{ kind: 'ready' }, { kind: 'ready' }]);
    expect((await runs.cli('cancel', run.run)).code).toBe(0);
    await runs.ends(run, { code: 9, verdict: { outcome: 'cancelled', attempt: 1 } });
  });
});
