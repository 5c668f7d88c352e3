import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Load } from '../load.ts';
import { type Cluster, clusterAvailable, down, type UpOptions, up } from './cluster.ts';
import { loseNode, mislead, putRight } from './faults.ts';

const unavailable = clusterAvailable();
const ROOT = join(import.meta.dirname, '../..');
const OPTIONS: UpOptions = { nodes: 4 };
/** Requests at any time. */
const AT_ONCE = 4;

type Event = Readonly<Record<string, unknown>> & { readonly kind: string; readonly time: string };

interface Run {
  readonly run: string;
  readonly dir: string;
  readonly jobId: string;
}

describe.skipIf(unavailable)(`supervision${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await up(OPTIONS);
    // An engine that starts, and never registers.
    mkdirSync(join(cluster.shared, 'idle'));
    writeFileSync(join(cluster.shared, 'idle/python3'), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
  });
  afterAll(() => down(cluster));
  afterEach(async () => {
    await cluster.exec(['scancel', '--user=root']);
    await expect.poll(async () => (await cluster.exec(['squeue', '-h'])).stdout).toBe('');
    await expect.poll(leftovers).toEqual([]);
  });

  const dynSlurm = (...args: string[]) =>
    cluster.exec([process.execPath, join(ROOT, 'dist/main.js'), ...args], {
      env: { DYN_SLURM_RUNS: join(cluster.shared, 'runs'), NO_COLOR: '1', DYN_SLURM_CLUSTER: '' },
    });

  /** Submits a job of one aggregated worker, or of what `sections` make of it. */
  async function submit(name: string, sections: Readonly<Record<string, unknown>>): Promise<Run> {
    const config = {
      name,
      gpu: 'h100',
      model: { path: join(cluster.shared, 'model'), served_name: 'tiny' },
      infra: { etcd: { lease_ttl: '10s' } },
      ...sections,
      slurm: { account: 'research', partition: 'batch', time: '10m', ...(sections.slurm ?? {}) },
    };
    const file = join(cluster.shared, `${name}.yaml`);
    writeFileSync(file, JSON.stringify(config));
    const { code, stdout, stderr } = await dynSlurm('submit', file, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  }

  const eventsOf = ({ dir }: Run): readonly Event[] => {
    const file = join(dir, 'events.jsonl');
    if (!existsSync(file)) return [];
    // What comes after the last line break is still being written.
    return readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  };

  /** The first event of a kind, of one attempt; waits for it, unless the run ends without one. */
  async function eventOf(run: Run, kind: string, attempt = 0): Promise<Event> {
    for (;;) {
      const events = eventsOf(run);
      const start = events.findIndex((event) => event.kind === 'job-started' && event.attempt === attempt);
      const found = start < 0 ? undefined : events.slice(start).find((event) => event.kind === kind);
      if (found) return found;
      const last = events.at(-1);
      if (last?.kind === 'verdict') throw new Error(`no ${kind}: ${JSON.stringify(last)}`);
      await sleep(50);
    }
  }

  /** Where a step runs, by rank. */
  const hostOf = (run: Run, step: string, rank = 0): string => {
    const started = eventsOf(run).findLast((event) => event.kind === 'step-started' && event.step === step);
    const nodes = (started?.nodes ?? []) as readonly string[];
    return nodes[rank] ?? '';
  };

  /** Kills what a step runs on a node, and not its script. */
  async function killTask(run: Run, step: string, rank = 0): Promise<void> {
    const host = hostOf(run, step, rank);
    const find = `for pid in $(pgrep -f 'etcd --name|nats-server|python'); do
      tr '\\0' '\\n' </proc/$pid/environ | grep -qx "SLURM_JOB_NAME=${step}" && kill -KILL $pid && echo $pid; done`;
    const { stdout } = await cluster.onNode(host, ['bash', '-c', find]);
    expect(stdout).toMatch(/^\d+\n$/);
  }

  /** Processes and folders that jobs have left on any node. */
  async function leftovers(): Promise<readonly string[]> {
    const look = `ps -eo args= | grep -E 'steps/|etcd |nats-server|dynamo\\.|nginx' | grep -v grep; ls -d /tmp/dyn-slurm-* 2>/dev/null; true`;
    const found = await Promise.all(
      cluster.nodes.map(async ({ name }) => {
        const { stdout } = await cluster.onNode(name, ['bash', '-c', look]);
        return stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => `${name}: ${line}`);
      }),
    );
    return found.flat();
  }

  /** The verdict that a job without one of its own gets, as soon as Slurm says how it ended. */
  async function inferred(run: Run): Promise<unknown> {
    for (;;) {
      const { verdict } = JSON.parse((await dynSlurm('status', run.run, '--json')).stdout);
      if (verdict?.inferred) return verdict;
      expect(verdict).toBeNull();
    }
  }

  test('a worker that ends at its start is the cause', async () => {
    const run = await submit('early', { aggregated: { module: 'no.such.module', nodes: 2 } });
    const verdict = await eventOf(run, 'verdict');
    const { step, node, line: said } = verdict;
    expect(verdict).toMatchObject({
      outcome: 'failed',
      reason: `${step} on ${node} exited with code 1`,
      step: 'aggregated-0',
      role: 'aggregated',
    });
    expect(said).toMatch(/No module named/);
    expect((await dynSlurm('watch', run.run)).code).toBe(7);
  });

  test('etcd that is killed before the service is ready ends the job', async () => {
    const idle = { env: { PATH: `${cluster.shared}/idle:/usr/bin:/bin` } };
    const run = await submit('before', { aggregated: { nodes: 1, ...idle } });
    await eventOf(run, 'workers-registered');
    await killTask(run, 'etcd');
    const cause = {
      step: 'etcd',
      signal: 'KILL',
      reason: `etcd on ${hostOf(run, 'etcd')} was killed by SIGKILL`,
    };
    expect(await eventOf(run, 'process-ended')).toMatchObject(cause);
    expect(await eventOf(run, 'verdict')).toMatchObject({ outcome: 'failed', ...cause });
  });

  test('a worker is started again, and others are done without', async () => {
    const run = await submit('mended', {
      prefill: { nodes: 2, restart: 1 },
      decode: { workers: 2, gpus_per_worker: 4, critical: false },
    });
    await eventOf(run, 'ready');
    await killTask(run, 'prefill-0', 1);
    expect(await eventOf(run, 'worker-restarting')).toMatchObject({
      step: 'prefill-0',
      rank: 1,
      node: hostOf(run, 'prefill-0', 1),
      restart: 1,
    });
    expect(await eventOf(run, 'recovered')).toMatchObject({ step: 'prefill-0', restart: 1 });
    await killTask(run, 'decode-1');
    expect(await eventOf(run, 'degraded')).toMatchObject({ missing: ['decode-1'], have: 1, want: 2 });
    await dynSlurm('cancel', run.run);
    expect(await eventOf(run, 'verdict')).toMatchObject({ outcome: 'cancelled' });
  });

  test('a worker is restarted with another argument under load, and the job outlives its supervisor', async () => {
    const run = await submit('steered', {
      prefill: { workers: 2, nodes: 2 },
      decode: { workers: 2, nodes: 2 },
    });
    const { url } = await eventOf(run, 'ready');
    // The last step of a start: it follows `ready`.
    await expect
      .poll(() => eventsOf(run).filter(({ kind, step }) => kind === 'step-started' && step === 'metrics'))
      .toHaveLength(1);
    const since = eventsOf(run).length;
    const decode = hostOf(run, 'decode-0');
    const engines = async (node: string) =>
      (await cluster.onNode(node, ['pgrep', '-af', 'dynamo.mocker'])).stdout.trim().split('\n');
    const others = cluster.nodes.map(({ name }) => name).filter((name) => name !== decode);
    const untouched = async () => (await Promise.all(others.map(engines))).flat();
    const before = await untouched();
    const load = new Load(String(url), 'tiny', AT_ONCE);
    await load.completions(20);
    const restarted = await dynSlurm('restart', run.run, 'decode-0', '--arg', 'max-running-requests=64');
    expect(restarted).toMatchObject({ code: 0, stdout: '' });
    expect(await engines(decode)).toEqual([expect.stringContaining('--max-num-seqs 64')]);
    await load.completions(20);

    const supervisor = ['pkill', '-KILL', '-f', '^/bin/bash -.* --supervise='];
    expect((await cluster.onNode(hostOf(run, 'etcd'), supervisor)).code).toBe(0);
    const steps = ['etcd', 'nats', 'frontend-0', 'prefill-0', 'prefill-1', 'decode-0', 'decode-1'];
    expect(await eventOf(run, 'session-resumed')).toMatchObject({ adopted: expect.arrayContaining(steps) });
    await load.completions(20);
    // A frontend of Dynamo gives up a request whose worker leaves before its first answer: no more than were on their way.
    expect((await load.stop()).slice(AT_ONCE)).toEqual([]);
    expect(await untouched()).toEqual(before);

    // The supervisor that took over obeys, and knows the change.
    expect((await dynSlurm('restart', run.run, 'decode-0')).code).toBe(0);
    expect(await engines(decode)).toEqual([expect.stringContaining('--max-num-seqs 64')]);
    const told = ['step-started', 'step-stopped', 'step-ended', 'process-ended', 'session-resumed'];
    const history = eventsOf(run).slice(since);
    expect(
      history.flatMap(({ kind, step }) => (told.includes(kind) ? [`${kind} ${step ?? ''}`] : [])),
    ).toEqual([
      'step-stopped decode-0',
      'step-started decode-0',
      'session-resumed ',
      'step-stopped decode-0',
      'step-started decode-0',
    ]);
    expect((await dynSlurm('cancel', run.run)).code).toBe(0);
    expect(await eventOf(run, 'verdict')).toMatchObject({ outcome: 'cancelled', reason: 'cancelled' });
  });

  test('what a node lacks is told before anything starts', async () => {
    const missing = '/tmp/model';
    for (const { name } of cluster.nodes.slice(0, 3))
      await cluster.onNode(name, ['mkdir', '-m', '755', missing]);
    const listen = "import socket,time; s=socket.create_server(('',8081)); time.sleep(600)";
    const listener = await cluster.onNode('node2', [
      'bash',
      '-c',
      `python3 -c "${listen}" >/dev/null 2>&1 & echo $!`,
    ]);
    try {
      await expect
        .poll(async () => (await cluster.onNode('node2', ['ss', '-Hltn', 'sport = :8081'])).stdout)
        .not.toBe('');
      const run = await submit('unfit', {
        model: { path: missing, served_name: 'tiny' },
        aggregated: { nodes: 4 },
        // A port that is given, and so stays.
        infra: { ports: { system: 8081 } },
      });
      const verdict = await eventOf(run, 'verdict');
      expect(await eventOf(run, 'preflight')).toMatchObject({
        problems: expect.arrayContaining([
          { text: `cannot read the model, ${missing}`, nodes: ['node4'] },
          {
            text: expect.stringMatching(
              /^has port 8081 in use already, which aggregated-0 needs: python3? \(process \d+\) of user root listens on it$/,
            ),
            nodes: ['node2'],
          },
        ]),
      });
      expect(verdict).toMatchObject({ outcome: 'failed' });
      expect(verdict.reason).toContain(`node4 cannot read the model, ${missing}`);
      expect(eventsOf(run).map(({ kind }) => kind)).not.toContain('step-started');
    } finally {
      await cluster.onNode('node2', ['kill', listener.stdout.trim()]);
      for (const { name } of cluster.nodes.slice(0, 3)) await cluster.onNode(name, ['rmdir', missing]);
    }
  });

  test('a node that cannot be asked at first is asked again, and its worker started again', async () => {
    await mislead(cluster, 'node1', 'node3');
    const run = await submit('later', {
      aggregated: { workers: 3, nodes: 3 },
      slurm: { directives: { nodelist: 'node[1-3]' } },
    });
    const log = join(run.dir, 'job.log');
    await expect
      .poll(() => (existsSync(log) ? readFileSync(log, 'utf8') : ''))
      .toMatch(/^srun: error: Task launch for StepId=\S+ failed on node node3: /m);
    await putRight(cluster, 'node1', 'node3');
    await eventOf(run, 'ready');
    await expect
      .poll(() => eventsOf(run).flatMap(({ kind, step }) => (kind === 'step-started' ? [step] : [])))
      .toEqual(['aggregated-0', 'aggregated-1', 'aggregated-2', 'etcd', 'nats', 'frontend-0', 'metrics']);
    await dynSlurm('cancel', run.run);
  });

  test('a node that cannot be asked is named with the words of srun', async () => {
    await mislead(cluster, 'node1', 'node2');
    const run = await submit('unasked', {
      aggregated: { nodes: 2 },
      slurm: { directives: { nodelist: 'node[1-2]' } },
    });
    expect(await eventOf(run, 'verdict')).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(
        /^node2 gave no full answer in \d+ s: srun: error: Task launch for StepId=\S+ failed on node node2: /,
      ),
    });
    await putRight(cluster, 'node1', 'node2');
  });

  test('scancel of the steps alone, which leaves the job running, is a cancelled run', async () => {
    const run = await submit('signalled', { aggregated: { nodes: 2 } });
    await eventOf(run, 'ready');
    await cluster.exec(['scancel', '-s', 'TERM', run.jobId]);
    expect(await eventOf(run, 'verdict')).toMatchObject({
      outcome: 'cancelled',
      reason: "the job's steps were ended by a signal from outside the job",
    });
    expect((await dynSlurm('watch', run.run)).code).toBe(9);
  });

  // After KillWait the job's script would be killed, and leave none.
  test('scancel of the job leaves a verdict within KillWait', async () => {
    const run = await submit('cancelled', { aggregated: { nodes: 4 } });
    await eventOf(run, 'ready');
    await cluster.exec(['scancel', run.jobId]);
    expect(await eventOf(run, 'verdict')).toMatchObject({ outcome: 'cancelled', reason: 'cancelled' });
    expect((await dynSlurm('watch', run.run)).code).toBe(9);
  });

  test('the time limit drains first', async () => {
    const run = await submit('limited', { aggregated: { nodes: 1 }, health: { drain: '5m' } });
    await eventOf(run, 'ready');
    // Ten minutes would be too long to wait for, and a limit that is short from the start may come before ready.
    const left = ['squeue', '-h', '-j', run.jobId, '-o%M'];
    const [, minutes = '0'] = /(\d+):\d+$/.exec((await cluster.exec(left)).stdout.trim()) ?? [];
    const limit = `timelimit=${Number(minutes) + 3}`;
    expect(await cluster.exec(['scontrol', 'update', `jobid=${run.jobId}`, limit])).toMatchObject({
      code: 0,
    });
    await eventOf(run, 'draining');
    expect(await eventOf(run, 'verdict')).toMatchObject({
      outcome: 'timeout',
      reason: 'served until the time limit',
    });
    expect((await dynSlurm('watch', run.run)).code).toBe(0);
  });

  test('a preempted job starts again from nothing', async () => {
    const run = await submit('preempted', {
      aggregated: { nodes: 4 },
      slurm: { partition: 'scavenge', requeue: true },
    });
    await eventOf(run, 'ready');
    const other = [
      '--parsable',
      '-o/dev/null',
      '--partition=batch',
      '--nodes=4',
      '--exclusive',
      '--wrap=sleep 5',
    ];
    const { stdout: higher } = await cluster.exec(['sbatch', ...other]);
    expect(await eventOf(run, 'requeued')).toMatchObject({ reason: 'preempted by a job of higher priority' });
    expect(JSON.parse((await dynSlurm('status', run.run, '--json')).stdout)).toMatchObject({
      verdict: null,
      state: 'waiting',
    });
    await expect
      .poll(async () => (await cluster.exec(['squeue', '-h', '-j', higher.trim(), '-tall', '-o%T'])).stdout)
      .toContain('COMPLETED');
    // Slurm waits for two minutes before it starts a job again, from when its end is complete.
    await expect
      .poll(async () => {
        await cluster.exec(['scontrol', 'update', `jobid=${run.jobId}`, 'starttime=now']);
        return eventsOf(run).some(({ kind, attempt }) => kind === 'job-started' && attempt === 1);
      })
      .toBe(true);
    await eventOf(run, 'ready', 1);
    expect(existsSync(join(run.dir, 'attempts/1/logs'))).toBe(true);
    const logs = await dynSlurm('logs', run.run, 'etcd');
    expect(logs.code).toBe(0);
    await dynSlurm('cancel', run.run);
    expect(await eventOf(run, 'verdict', 1)).toMatchObject({ outcome: 'cancelled', attempt: 1 });
  });

  // The last ones, for nodes without power come back slowly.
  test('a node without power ends the job, or the role goes on without it', async () => {
    const decode = { workers: 2, nodes: 2, critical: false };
    const run = await submit('powerless', { prefill: { nodes: 1, restart: 1 }, decode });
    await eventOf(run, 'ready');
    const lost = hostOf(run, 'decode-1');
    await loseNode(cluster, lost);
    expect(await eventOf(run, 'degraded')).toMatchObject({
      reason: expect.stringContaining(`${lost} failed, and decode-1 with it`),
      node: lost,
      missing: ['decode-1'],
    });
    // srun still starts steps on the nodes that are left.
    await killTask(run, 'prefill-0');
    expect(await eventOf(run, 'recovered')).toMatchObject({ step: 'prefill-0' });
    await dynSlurm('cancel', run.run);
    await up(OPTIONS);
    // `cancel` has noted it, and it runs again.
    expect((await dynSlurm('nodes', '--forget', lost)).stderr).toBe('no node is excluded from new jobs\n');
  });

  test('a critical worker whose node is without power ends the job', async () => {
    const run = await submit('dark', { prefill: { nodes: 1 }, decode: { nodes: 2 } });
    await eventOf(run, 'ready');
    const lost = hostOf(run, 'decode-0', 1);
    await loseNode(cluster, lost);
    const verdict = await eventOf(run, 'verdict');
    expect(verdict.outcome).toBe('failed');
    expect(verdict.reason).toContain(`${lost} failed`);
    expect((await dynSlurm('watch', run.run)).code).toBe(7);
    expect(JSON.parse((await dynSlurm('nodes', '--json')).stdout)).toMatchObject([
      { cluster: 'default', node: lost, run: run.run, reason: 'failed while a job ran on it' },
    ]);
    await up(OPTIONS);
    expect((await dynSlurm('nodes', '--forget', lost)).stderr).toBe('no node is excluded from new jobs\n');
  });

  test('a job whose head node is without power is ended by Slurm, which says so', async () => {
    const run = await submit('headless', { aggregated: { workers: 2, nodes: 2 } });
    await eventOf(run, 'ready');
    const head = hostOf(run, 'etcd');
    await loseNode(cluster, head);
    expect(await inferred(run)).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('NODE_FAIL'),
    });
    await up(OPTIONS);
    // Nobody was left to do so.
    await cluster.onNode(head, ['bash', '-c', 'rm -r /tmp/dyn-slurm-*']);
  });

  test('a run folder that cannot be written any more keeps nothing from its end', async () => {
    const run = await submit('readonly', { aggregated: { nodes: 1 } });
    await eventOf(run, 'ready');
    const host = hostOf(run, 'etcd');
    // Not while the job has a file of it open for writing.
    const seal = `mount --bind "$0" "$0" && until mount -o remount,bind,ro "$0"; do sleep 0.1; done`;
    expect((await cluster.onNode(host, ['bash', '-c', seal, run.dir])).code).toBe(0);
    await killTask(run, 'aggregated-0');
    // The batch script had opened job.log before.
    const watched = await dynSlurm('watch', run.run);
    expect({ code: watched.code, stdout: watched.stdout }).toEqual({
      code: 7,
      stdout: expect.stringMatching(
        /failed after .*: the srun of step aggregated-0 ended .*; its run folder cannot be written to: Read-only file system\n/,
      ),
    });
    const log = readFileSync(join(run.dir, 'job.log'), 'utf8');
    expect(log).toContain(`dyn-slurm: cannot write to ${run.dir}/events.jsonl`);
    await cluster.onNode(host, ['umount', run.dir]);
  });
});
