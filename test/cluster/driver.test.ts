import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LoginCli, loginCli } from './cli.ts';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { forgetJobs, pauseController, resumeController } from './faults.ts';
import { layIdleJobs } from './idle-job.ts';

const unavailable = clusterAvailable();

describe.skipIf(unavailable)(`the Slurm driver${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let ada: LoginCli;
  beforeAll(async () => {
    cluster = await up({ nodes: 2, minJobAge: 600 });
    ada = loginCli(cluster, 'ada');
    await layIdleJobs(cluster);
  });
  afterAll(() => down(cluster));

  const submit = async (cli: LoginCli, config: string): Promise<Submitted> =>
    JSON.parse((await cli.run(['submit', `/home/${config}.yaml`, '--json'])).stdout);

  /** Requests that slurmctld has had from each user since the last reset. */
  const requests = async () => {
    const { stdout } = await cluster.onNode('ctl', ['sdiag']);
    const users = stdout.slice(stdout.indexOf('statistics by user'), stdout.indexOf('Pending RPC'));
    return Object.fromEntries(
      [...users.matchAll(/^\t(\S+).* count:(\d+)/gm)].map(([, name, count]) => [name, Number(count)]),
    );
  };

  // How often it looks: test/unit/scheduler/poll-schedule.test.ts.
  test('a look at jobs costs as many requests for three of them as for one', async () => {
    const look = async () => {
      await cluster.onNode('ctl', ['sdiag', '--reset']);
      expect((await ada.run(['status'])).code).toBe(0);
      return (await requests()).ada;
    };
    const held = [await submit(ada, 'held')];
    const requestsForOne = await look();
    expect(requestsForOne).toBeGreaterThan(0);
    held.push(await submit(ada, 'held'), await submit(ada, 'held'));
    expect(await look()).toBe(requestsForOne);
    const watcher = ada.start(['watch', ...held.map(({ run }) => run)]);
    await watcher.says(/is pending/);
    await watcher.kill('INT');
    expect((await watcher.ended).stderr).toContain(
      `jobs ${held.map(({ jobId }) => jobId).join(', ')} keep running`,
    );
    await cluster.exec(['scancel', ...held.map(({ jobId }) => jobId)]);
  });

  test("a controller that is away fails nobody: the job's own words go on, and its state comes back", async () => {
    const { run, dir } = await submit(ada, 'idle');
    const watcher = ada.start(['watch', run]);
    await watcher.says(/aggregated-0 started/);
    await pauseController(cluster);
    try {
      const status = await ada.run(['status', run]);
      expect(status.stdout).toMatch(/^ {2}state {4}UNKNOWN\n {2}reason {3}.*(timed out|no answer|contact)/im);
      expect(status.code).toBe(6);
      const line = JSON.stringify({ time: new Date().toISOString(), kind: 'waiting', reason: 'still here' });
      await cluster.onLogin(['bash', '-c', 'echo "$1" >>"$2"', 'bash', line, join(dir, 'events.jsonl')]);
      await watcher.says(/waiting: still here/);
    } finally {
      await resumeController(cluster);
    }
    await expect.poll(async () => (await ada.run(['status', run])).code, { interval: 1000 }).toBe(0);
    await ada.run(['cancel', run]);
    const { code, stdout } = await watcher.ended;
    expect(stdout).not.toContain('failed');
    expect([code, stdout]).toEqual([9, expect.stringMatching(/cancelled after .*: cancelled/)]);
  });

  test('without accounting, what the queue has forgotten is told by the run, or is not known; it never failed', async () => {
    // The first job leaves a verdict; the second one was gone before its script began.
    const told = await submit(ada, 'idle');
    const silent = await submit(ada, 'held');
    await ada.start(['watch', told.run]).says(/aggregated-0 started/);
    await ada.run(['cancel', told.run]);
    await cluster.exec(['scancel', silent.jobId]);
    expect((await ada.run(['status', silent.run])).stdout).toContain(
      "cancelled: Slurm reports CANCELLED; the job's script did not start",
    );
    await forgetJobs(cluster);
    await expect
      .poll(async () => (await cluster.exec(['squeue', '-h', '-tall', '-j', silent.jobId])).stderr, {
        interval: 2000,
      })
      .toContain('Invalid job id');
    const first = await ada.run(['status', told.run]);
    expect([first.code, first.stdout]).toEqual([9, expect.stringContaining('cancelled after')]);
    const second = await ada.run(['status', silent.run]);
    expect(second.code).toBe(6);
    expect(second.stdout).toContain(
      `ended; outcome unknown: neither squeue nor accounting knows job ${silent.jobId} anymore`,
    );
    expect(
      await readFile(join(cluster.homes, 'ada', told.dir.slice('/home/ada/'.length), 'job.json'), 'utf8'),
    ).toContain(told.jobId);
  });
});

interface Submitted {
  readonly run: string;
  readonly jobId: string;
  readonly dir: string;
}
