import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { directiveLine } from '../../src/render/directive-line.ts';
import { type LoginCli, loginCli } from './cli.ts';
import { type Cluster, clusterAvailable, down, USERS, up } from './cluster.ts';

const unavailable = clusterAvailable();

const JSON_COMMENT = '{"IdleReaper":{"exemptIdleTimeMins":"90","reason":"loading model #1, it\'s big"}}';

/** A job that stays in the queue. */
const HELD = (directives: string) => `
name: held
topology: {gpu: h100, aggregated: {workers: 2, gpus_per_worker: 4}}
model: {path: /home/ada/model, served_name: tiny}
slurm:
  account: research
  partition: batch
  time: 10m
  directives:
    hold: true
${directives}
`;

describe.skipIf(unavailable)(`directives${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let ada: LoginCli;
  beforeAll(async () => {
    cluster = await up({ nodes: 2, killWait: 5 });
    ada = loginCli(cluster);
    await put('model/config.json', '{}');
    await put('model/tokenizer.json', '{}');
    await put('model/model.safetensors', 'weights');
  });
  afterAll(() => down(cluster));

  async function put(path: string, text: string): Promise<void> {
    const file = join(cluster.homes, 'ada', path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, text);
    await chown(file, USERS.ada.uid, USERS.ada.uid);
  }

  test('values reach Slurm as they were written, and the comment has our mark in it', async () => {
    await put('held.yaml', HELD(`    comment: '${JSON_COMMENT.replaceAll("'", "''")}'`));
    const { stdout, stderr, code } = await ada.run(['submit', 'held.yaml', '--json']);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    const { run, jobId } = JSON.parse(stdout) as { run: string; jobId: string };
    const { stdout: comment } = await cluster.onLogin(['squeue', '-h', '-j', jobId, '-o%k']);
    expect(JSON.parse(comment)).toEqual({ ...JSON.parse(JSON_COMMENT), 'dyn-slurm': `dyn-slurm:${run}` });
    // As after a submit that was cut off before it could note the job.
    await cluster.onLogin(['rm', `/home/ada/dyn-slurm-runs/${run}/job.json`]);
    const status = await ada.run(['status', run, '--json']);
    expect(JSON.parse(status.stdout)).toMatchObject({ run, job: jobId });
    await cluster.onLogin(['scancel', jobId]);
  });

  /** Every form of quotes, read by sbatch's own parser of `#SBATCH` lines. */
  test.each([
    ['a b'],
    ['a#b'],
    ["it's"],
    ['say "x"'],
    ['back\\slash'],
    [`all ' " \\ # of them`],
    ['{"a": ["b", 1], "c": "#"}'],
  ])('sbatch reads %s out of its line', async (value) => {
    const lines = [`--comment=${value}`, '--hold', '--account=research', '--time=10'].map(directiveLine);
    await put('quoted.sh', `#!/bin/bash\n${lines.map((line) => `#SBATCH ${line}\n`).join('')}\ntrue\n`);
    const { stdout: id, stderr } = await cluster.onLogin(['sbatch', '--parsable', '/home/ada/quoted.sh'], {
      user: 'ada',
    });
    expect(stderr).toBe('');
    const { stdout } = await cluster.onLogin(['squeue', '-h', '-j', id.trim(), '-o%k']);
    expect(stdout.trimEnd()).toBe(value);
    await cluster.onLogin(['scancel', id.trim()]);
  });

  test('a job that asks for no GPUs has none, and all of them on nodes of its own', async () => {
    const granted = async (...options: string[]) => {
      const words = ['--parsable', '--account=research', '--time=5', ...options, '--wrap=sleep 300'];
      const id = (await cluster.onLogin(['sbatch', ...words], { user: 'ada' })).stdout.trim();
      const facts = async () => (await cluster.onLogin(['scontrol', 'show', 'job', '--details', id])).stdout;
      await expect.poll(facts, { timeout: 60_000 }).toContain('JobState=RUNNING');
      const gpus = /GRES=(\S*)/.exec(await facts())?.[1];
      await cluster.onLogin(['scancel', id]);
      return gpus;
    };
    expect(await granted()).toBe('(null)');
    expect(await granted('--exclusive')).toBe('gpu:h100:8');
    expect(await granted('--gpus-per-node=h100:4')).toBe('gpu:h100:4');
    expect(await granted('--gres=gpu:h100:2', '--gres=gpu:h100:4')).toBe('gpu:h100:4');
  });
});
