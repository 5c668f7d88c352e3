import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LoginCli, loginCli } from './cli.ts';
import { type Cluster, clusterAvailable, down, type UpOptions, USERS, up } from './cluster.ts';
import { loseNode, pauseAccounting, resumeAccounting, stopAccounting } from './faults.ts';
import { layIdleJobs } from './idle-job.ts';

const unavailable = clusterAvailable();
const OPTIONS: UpOptions = { nodes: 3, accounting: true, minJobAge: 2 };

describe.skipIf(unavailable)(`accounting${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let ada: LoginCli;
  /** A job that runs into its time limit, which takes the longest. */
  let late: string;
  beforeAll(async () => {
    cluster = await up(OPTIONS);
    ada = loginCli(cluster);
    await layIdleJobs(cluster);
    // As at many sites, somebody of the staff may end everybody's jobs without being root.
    const operator = ['sacctmgr', '--immediate', 'modify', 'user', 'mia', 'set', 'adminlevel=operator'];
    expect(await cluster.onNode('ctl', operator)).toMatchObject({ code: 0 });
    late = await sbatch('--mem=100M', '--time=1', '--wrap', 'sleep 600');
  });
  afterAll(() => down(cluster));

  const submit = async (config: string): Promise<Submitted> => {
    const { stdout, stderr, code } = await ada.run(['submit', `/home/${config}.yaml`, '--json']);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    return JSON.parse(stdout);
  };

  /** Waits until squeue does not know a job any more. */
  const forgotten = (jobId: string) =>
    expect
      .poll(async () => (await cluster.onLogin(['squeue', '-h', '-tall', '-j', jobId])).stderr, {
        interval: 1000,
      })
      .toContain('Invalid job id');

  /** Waits until accounting has heard of a job's end, or of what `state` says. */
  const accounted = (jobId: string, state: RegExp) =>
    expect
      .poll(
        async () => (await cluster.onLogin(['sacct', '-nPX', '-oState', '-j', jobId])).stdout.split('\n')[0],
        { interval: 1000 },
      )
      .toMatch(state);

  const status = async (run: string) => {
    const { stdout, code } = await ada.run(['status', run, '--json']);
    const { state, cancelledBy, queue, verdict } = JSON.parse(stdout);
    return { code, state, cancelledBy, queue, verdict };
  };

  /** A run whose job is one that was not made by it: what Slurm says is all there is. */
  async function runOf(jobId: string): Promise<string> {
    const { run, dir, jobId: held } = await submit('held');
    const file = join(cluster.homes, 'ada', dir.slice('/home/ada/'.length), 'job.json');
    const job = JSON.parse(readFileSync(file, 'utf8'));
    await cluster.exec(['scancel', held]);
    writeFileSync(file, JSON.stringify({ ...job, jobId }));
    return run;
  }

  /** Submits what is no run, as ada. */
  async function sbatch(...words: string[]): Promise<string> {
    const argv = ['sbatch', '--parsable', '--output=/dev/null', '--no-requeue', ...words];
    const { stdout, stderr } = await cluster.onLogin(argv);
    expect(stderr).toBe('');
    return stdout.trim();
  }

  test('whoever cancels a job is named by uid, by all three tiers', async () => {
    const cancels = [
      [0, (jobId: string) => cluster.exec(['scancel', jobId])],
      // An operator, and the user elsewhere.
      [USERS.mia.uid, (jobId: string) => cluster.onLogin(['scancel', jobId], { user: 'mia' })],
      [USERS.ada.uid, (jobId: string) => cluster.onLogin(['scancel', jobId])],
    ] as const;
    const jobs = [];
    for (const [uid, scancel] of cancels) {
      const [told, silent] = [await submit('idle'), await submit('held')];
      const watcher = ada.start(['watch', told.run]);
      await watcher.says(/aggregated-0 started/);
      for (const { jobId } of [told, silent])
        expect(await scancel(jobId)).toMatchObject({ code: 0, stderr: '' });

      // The run's own verdict, and accounting about who it was.
      const { code, stdout, stderr } = await watcher.ended;
      expect(stdout).toMatch(/^\d\d:\d\d:\d\d {2}cancelled after /m);
      expect(stdout + stderr).toContain(`cancelled by uid ${uid}\n`);
      expect(code).toBe(9);

      // squeue, while it remembers.
      expect(await status(silent.run)).toMatchObject({ code: 9, state: 'cancelled' });
      jobs.push({ uid, told, silent });
    }

    // Then accounting.
    await Promise.all(jobs.flatMap(({ told, silent }) => [forgotten(told.jobId), forgotten(silent.jobId)]));
    for (const { uid, told, silent } of jobs) {
      await accounted(silent.jobId, /^CANCELLED by/);
      expect(await status(silent.run)).toMatchObject({
        code: 9,
        state: 'cancelled',
        queue: { state: 'CANCELLED', reason: `by uid ${uid}` },
        verdict: {
          outcome: 'cancelled',
          reason: `cancelled by uid ${uid}; the job's script did not start`,
          inferred: true,
        },
      });
      expect(await status(told.run)).toMatchObject({ code: 9, state: 'cancelled', cancelledBy: uid });
      const again = await ada.run(['watch', silent.run]);
      expect([again.code, again.stdout + again.stderr]).toEqual([
        9,
        expect.stringContaining(`by uid ${uid}`),
      ]);
    }
  });

  test('somebody else may not cancel it, and is told so', async () => {
    const { run, jobId } = await submit('held');
    const { stderr } = await cluster.onLogin(['scancel', jobId], { user: 'otto' });
    expect(stderr).toContain('Access/permission denied');
    expect(await status(run)).toMatchObject({ code: 0, state: 'waiting' });
    await ada.run(['cancel', run]);
  });

  test('a job that neither knows has not failed', async () => {
    const run = await runOf('99999');
    const { code, state, verdict } = await status(run);
    expect({ code, state, outcome: verdict.outcome }).toEqual({
      code: 6,
      state: 'unknown',
      outcome: 'unknown',
    });
    expect(verdict.reason).toContain('neither squeue nor accounting knows job 99999 anymore');
    expect((await ada.run(['watch', run])).code).toBe(6);
  });

  test.each([
    ['is down', stopAccounting, () => up(OPTIONS)],
    ['does not answer', pauseAccounting, resumeAccounting],
  ])(
    'slurmdbd that %s: jobs come and go, and one that the queue forgot is not known until it is back',
    async (_, fault, mend) => {
      const before = await submit('held');
      await fault(cluster);
      try {
        const { run } = await submit('idle');
        const watcher = ada.start(['watch', run]);
        await watcher.says(/aggregated-0 started/);
        expect((await ada.run(['cancel', run])).code).toBe(0);
        const { code, stdout } = await watcher.ended;
        expect([code, stdout]).toEqual([9, expect.stringMatching(/cancelled after .*: cancelled/)]);
        await cluster.exec(['scancel', before.jobId]);
        await forgotten(before.jobId);
        const { verdict, ...seen } = await status(before.run);
        expect(seen).toMatchObject({ code: 6, state: 'unknown' });
        expect(verdict.reason).toMatch(
          new RegExp(
            `^squeue no longer knows job ${before.jobId}, and accounting cannot be queried \\(.+\\)`,
          ),
        );
        expect((await ada.run(['status', run])).code).toBe(9);
      } finally {
        await mend(cluster);
      }
      // slurmctld tells it what it missed.
      await accounted(before.jobId, /^CANCELLED by 0/);
      expect(await status(before.run)).toMatchObject({ code: 9, queue: { reason: 'by uid 0' } });
    },
  );

  test('a job with several records is as its last one says', async () => {
    const jobId = await sbatch('--requeue', '--wrap', 'sleep 600');
    const run = await runOf(jobId);
    await accounted(jobId, /^RUNNING/);
    await cluster.exec(['scontrol', 'requeuehold', jobId]);
    await accounted(jobId, /^(PENDING|REQUEUED)/);
    await expect.poll(async () => await status(run)).toMatchObject({ code: 0, queue: { phase: 'pending' } });
    await cluster.exec(['scancel', jobId]);
    await forgotten(jobId);
    await accounted(jobId, /^CANCELLED by 0/);
    const all = await cluster.onLogin(['sacct', '-nPXD', '-oState', '-j', jobId]);
    expect(all.stdout.trim().split('\n').length).toBeGreaterThan(1);
    expect(await status(run)).toMatchObject({ code: 9, verdict: { outcome: 'cancelled' } });
  });

  test('every way to end: what accounting says of it is what status and watch say', async () => {
    const on = (node: string) => ['--nodelist', node, '--exclusive'];
    const lost = await sbatch(...on('node3'), '--wrap', 'sleep 600');
    const preempted = await sbatch(...on('node2'), '--partition=scavenge', '--wrap', 'sleep 600');
    await Promise.all([lost, preempted].map((jobId) => accounted(jobId, /^RUNNING/)));
    const preemptor = await sbatch(...on('node2'), '--wrap', 'sleep 20');
    const memory = '--mem=100M';
    const jobs = {
      completed: await sbatch(memory, '--wrap', 'true'),
      failed: await sbatch(memory, '--wrap', 'exit 3'),
      killed: await sbatch(memory, '--wrap', 'kill -SEGV $$'),
      // Without cgroups for memory Slurm looks every second, kills it, and does not say why.
      hungry: await sbatch(
        memory,
        '--wrap',
        `exec bash -c 'x=$(head -c 300M /dev/zero | tr "\\0" x); sleep 600'`,
      ),
      late,
      lost,
      preempted,
      unwritable: await sbatch(memory, '--output=/nowhere/job.log', '--wrap', 'true'),
    };
    await loseNode(cluster, 'node3');
    try {
      const ended = /^(?!PENDING|RUNNING|REQUEUED)./;
      await Promise.all([...Object.values(jobs), preemptor].map((jobId) => accounted(jobId, ended)));
      await Promise.all(Object.values(jobs).map(forgotten));
    } finally {
      await up(OPTIONS);
    }
    const seen: Record<string, unknown> = {};
    for (const [name, jobId] of Object.entries(jobs)) {
      const run = await runOf(jobId);
      const { code, verdict } = await status(run);
      expect((await ada.run(['watch', run])).code).toBe(code);
      seen[name] = [code, verdict.outcome, verdict.reason.split(';')[0]];
    }
    expect(seen).toEqual({
      completed: [6, 'unknown', 'Slurm reports COMPLETED'],
      failed: [7, 'failed', 'Slurm reports FAILED (exit code 3)'],
      killed: [7, 'failed', 'Slurm reports FAILED (signal 11)'],
      hungry: [7, 'failed', expect.stringMatching(/^Slurm reports (OUT_OF_MEMORY|FAILED \(signal 9\))/)],
      late: [8, 'timeout', expect.stringMatching(/^Slurm reports TIMEOUT/)],
      lost: [7, 'failed', expect.stringMatching(/^Slurm reports NODE_FAIL/)],
      preempted: [9, 'cancelled', expect.stringMatching(/^Slurm reports PREEMPTED/)],
      unwritable: [
        7,
        'failed',
        expect.stringMatching(/^Slurm reports FAILED \(signal 53: its nodes could not write job\.log/),
      ],
    });
  });

  test("without waiting for the queue to forget: a limit of the QOS is Slurm's refusal, or explained", async () => {
    const sacctmgr = (...words: string[]) => cluster.onNode('ctl', ['sacctmgr', '--immediate', ...words]);
    await sacctmgr('modify', 'qos', 'normal', 'set', 'MaxJobsPerUser=0');
    try {
      const { run, jobId } = await submit('idle');
      await expect
        .poll(async () => (await cluster.onLogin(['squeue', '-h', '-o%r', '-j', jobId])).stdout.trim())
        .toBe('QOSMaxJobsPerUserLimit');
      expect(await status(run)).toMatchObject({
        state: 'waiting',
        queue: {
          reason: 'QOSMaxJobsPerUserLimit',
          explanation: 'your user in the QOS is at a limit of running jobs',
          next: expect.stringMatching(/^it starts when your other jobs end/),
        },
      });
      await ada.run(['cancel', run]);
      await sacctmgr('modify', 'qos', 'normal', 'set', 'MaxSubmitJobsPerUser=0');
      const refused = await ada.run(['submit', '/home/idle.yaml']);
      expect(refused.stderr).toContain('sbatch: error: QOSMaxSubmitJobPerUserLimit\n');
      expect(refused.stderr).toContain('hint: the job is over a limit of your account or QOS');
      expect(refused.code).toBe(5);
    } finally {
      await sacctmgr('modify', 'qos', 'normal', 'set', 'MaxJobsPerUser=-1', 'MaxSubmitJobsPerUser=-1');
    }
  });
});

interface Submitted {
  readonly run: string;
  readonly jobId: string;
  readonly dir: string;
}
