import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { packageRoot } from '../../world.ts';
import { planOf, sampleJob } from '../plan/sample-job.ts';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());

/** Waits for a step that runs this script in the place of srun; the reason of the end, and what was told. */
async function awaited(script: string) {
  run.program('step', script);
  const { out } = await run.bash(`
    NODE=(node0 node1) DEADLINE=60 LEASE=0 GRACE=1 SLURM_JOB_ID=7
    trap 'echo "$OUTCOME: $REASON"' EXIT
    launch container container '' end 0 1 -- step
    await_container container
    REASON="state \${STEP_STATE[container]}"`);
  const events = run.events().map(({ kind, step }) => `${kind} ${step}`);
  return { end: out.split('\n').at(-2), events };
}

test('the job goes on once the container is there', async () => {
  expect(await awaited('exit 0')).toEqual({
    end: ': state over',
    events: ['step-started container', 'service-ready container'],
  });
});

test('a container that cannot be unpacked ends the job with pyxis’s words and the node', async () => {
  const { end } = await awaited(`
    echo 'slurmstepd-node1: error: pyxis: failed to create container filesystem' >&2
    echo 'slurmstepd-node1: error: pyxis:     [ERROR] No space left on device' >&2
    echo 'srun: error: node1: task 1: Exited with exit code 1' >&2
    exit 1`);
  expect(end).toBe(
    'failed: no container on node1: slurmstepd-node1: error: pyxis:     [ERROR] No space left on device',
  );
});

test('programs that the image lacks are named before anything starts', async () => {
  const step = planOf(sampleJob({ aggregated: {}, container: { image: 'i' } })).steps.find(
    ({ kind }) => kind === 'container',
  );
  const [bash = '', ...words] = step?.argv.map(argText) ?? [];
  run.program('python3', 'exit 0');
  const { status, stderr } = spawnSync(`/bin/${bash}`, words, {
    env: { PATH: run.bin },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  const said = 'dyn-slurm: the image has no etcd, nats-server on its PATH';
  expect([status, stderr]).toEqual([1, `${said}\n`]);
  const { end } = await awaited(`
    echo '${said}' >&2
    echo 'srun: error: node1: task 1: Exited with exit code 1' >&2
    exit 1`);
  expect(end).toBe(`failed: no container on node1: ${said}`);
});

/** cleanup.sh on a node whose enroot keeps containers as folders. */
class Node {
  readonly containers = join(run.dir, 'containers');
  readonly over = join(run.dir, 'state/over');
  readonly ended: Promise<number | null>;
  readonly child;
  said = '';

  constructor(names: readonly string[], remove = 'rm -r "$3"') {
    for (const name of names) mkdirSync(join(this.containers, name), { recursive: true });
    mkdirSync(this.containers, { recursive: true });
    const bin = join(run.dir, 'node-bin');
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'enroot'),
      `#!/bin/bash\ncd '${this.containers}' || exit\ncase $1 in list) ls ;; remove) ${remove} ;; esac\n`,
    );
    chmodSync(join(bin, 'enroot'), 0o755);
    this.child = spawn(
      'bash',
      [
        '-p',
        '-c',
        'sleep() { touch "$0"; [[ $1 != 3600 ]] || exec sleep 60; command sleep "$@"; }; . "$1"',
        join(run.dir, 'listens'),
        SCRIPT,
      ],
      {
        env: {
          PATH: `${bin}:${process.env.PATH}`,
          DYN_SLURM_CONTAINER: 'job-7-0',
          DYN_SLURM_ATTEMPT_DIR: run.dir,
          SLURMD_NODENAME: 'node1',
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    this.child.stderr?.on('data', (text) => {
      this.said += text;
    });
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
  }

  left = (): readonly string[] => readdirSync(this.containers);

  /** Its traps are set by then. */
  async listens(): Promise<void> {
    await expect.poll(() => existsSync(join(run.dir, 'listens')), { timeout: 30_000 }).toBe(true);
  }
}

const SCRIPT = join(packageRoot, 'templates/cleanup.sh');

test('the node removes its containers, and no others, once it is told that all has ended', async () => {
  const node = new Node([
    'pyxis_job-7-0',
    'pyxis_job-7-0-bench',
    'pyxis_job-7-01',
    'pyxis_7_job-7-0',
    'mine',
  ]);
  await node.listens();
  expect(node.left()).toHaveLength(5);
  node.child.kill('SIGUSR2');
  expect([await node.ended, node.left(), node.said]).toEqual([
    0,
    ['mine', 'pyxis_7_job-7-0', 'pyxis_job-7-01'],
    '',
  ]);
});

test('scancel’s SIGTERM alone removes nothing while steps may still run in it', async () => {
  const node = new Node(['pyxis_job-7-0']);
  await node.listens();
  node.child.kill('SIGTERM');
  node.child.kill('SIGUSR2');
  expect([await node.ended, node.left()]).toEqual([0, []]);
});

test('a node that begins after the job has ended does not wait to be told', async () => {
  writeFileSync(join(run.dir, 'state/over'), '');
  const node = new Node(['pyxis_job-7-0']);
  expect([await node.ended, node.left()]).toEqual([0, []]);
});

test('what cannot be removed is said, with the node', async () => {
  const node = new Node(['pyxis_job-7-0'], 'exit 1');
  await node.listens();
  node.child.kill('SIGUSR2');
  expect([await node.ended, node.left(), node.said]).toEqual([
    1,
    ['pyxis_job-7-0'],
    'dyn-slurm: node1 keeps the container pyxis_job-7-0\n',
  ]);
});

test('the end of the job tells the step, and warns where it failed', async () => {
  run.program('srun', 'trap "exit 1" USR2; touch "$1"; while :; do sleep 0.05; done');
  await run.bash(
    `
    NODE=(node0) SLURM_JOB_ID=7 CONTAINER=job-7-0
    launch cleanup cleanup '' keep 0 -- srun "$1"
    until [[ -e $1 ]]; do sleep 0.05; done
    remove_containers`,
    join(run.dir, 'up'),
  );
  const warnings = run.events().filter(({ kind }) => kind === 'warning');
  expect(warnings.map(({ reason }) => reason)).toEqual([
    'nodes may have kept the container pyxis_job-7-0, which needs disk or memory: logs/cleanup.*.log say which; ' +
      '`enroot remove --force pyxis_job-7-0` there removes it',
  ]);
  expect(readFileSync(join(run.dir, 'state/over'), 'utf8')).toBe('');
});
