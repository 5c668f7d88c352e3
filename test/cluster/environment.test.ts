import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LoginCli, loginCli } from './cli.ts';
import { type Cluster, clusterAvailable, down, USERS, up } from './cluster.ts';

const unavailable = clusterAvailable();

/** A job of one node whose engines note the environment that they get, and wait. */
const CONFIG = `
name: noted
topology: {gpu: h100, aggregated: {nodes: 1}}
model: {path: /home/ada/model, served_name: tiny}
slurm: {account: research, partition: batch, time: 10m}
aggregated: {env: {PATH: "/home/ada/fake:/usr/bin:/bin"}}
frontend: {env: {PATH: "/home/ada/fake:/usr/bin:/bin"}}
`;
/** slurmd passes on what follows `print`: https://slurm.schedmd.com/prolog_epilog.html */
const PROLOG = `#!/bin/sh
echo print
echo 'print ====='
echo 'print node1 address 10.9.9.9'
echo 'print scratch is /scratch/17'
`;
const PYTHON = `#!/bin/bash
cp /proc/self/environ "/home/ada/got/.$SLURM_JOB_ID" && mv "/home/ada/got/.$SLURM_JOB_ID" "/home/ada/got/$SLURM_JOB_ID"
exec sleep 600
`;

describe.skipIf(unavailable)(
  `the job's environment${unavailable ? ` (skipped: ${unavailable})` : ''}`,
  () => {
    let cluster: Cluster;
    let ada: LoginCli;
    beforeAll(async () => {
      cluster = await up({ nodes: 1, killWait: 5 });
      ada = loginCli(cluster);
      const profile = (lines: string) => `container_runtime: none\n${lines}\n`;
      await put({
        'noted.yaml': CONFIG,
        'model/config.json': '{}',
        'model/tokenizer.json': '{}',
        'model/model.safetensors': 'weights',
        'got/.keep': '',
        '.bash_profile': 'export FROM_LOGIN=profile\n',
        '.config/dyn-slurm/clusters/clean.yaml': profile('preamble: export FROM_PREAMBLE=yes'),
        '.config/dyn-slurm/clusters/noisy.yaml': profile(
          'preamble: export SLURM_TASK_PROLOG=/home/ada/prolog',
        ),
        '.config/dyn-slurm/clusters/login.yaml': profile('environment: login'),
        '.config/dyn-slurm/clusters/inherit.yaml': profile('environment: inherit'),
      });
      await put({ 'fake/python3': PYTHON, prolog: PROLOG }, 0o755);
    });
    afterAll(() => down(cluster));

    async function put(files: Readonly<Record<string, string>>, mode = 0o644): Promise<void> {
      const home = join(cluster.homes, 'ada');
      for (const [path, text] of Object.entries(files)) {
        const file = join(home, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, text, { mode });
        for (let at = file; at !== home; at = dirname(at)) await chown(at, USERS.ada.uid, USERS.ada.uid);
      }
    }

    /** What a shell on the login node has: a secret of its own, what leaks out of an allocation, and what a site needs. */
    const SHELL = {
      SHELL_SECRET: 's3cret',
      SLURM_CPU_BIND: 'map_cpu:0',
      SBATCH_EXPORT: 'NONE',
      SLURM_EXPORT_ENV: 'NONE',
      TMPDIR: '/home/ada/nowhere',
      MODULEPATH: '/opt/modules',
      KRB5CCNAME: 'FILE:/tmp/ticket',
    };

    test.each([
      ['clean', { FROM_PREAMBLE: 'yes' }],
      // A prolog that prints on the output of every task hides no answer of a node.
      ['noisy', {}],
      ['login', { FROM_LOGIN: 'profile' }],
      ['inherit', { SHELL_SECRET: 's3cret', TMPDIR: '/home/ada/nowhere' }],
    ])('%s', async (mode, more) => {
      const submitted = await ada.run(['submit', 'noted.yaml', '--cluster', mode, '--json'], { env: SHELL });
      expect(submitted).toMatchObject({ stderr: '', code: 0 });
      const { jobId, dir } = JSON.parse(submitted.stdout) as { jobId: string; dir: string };
      const file = join(cluster.homes, 'ada/got', jobId);
      await expect.poll(() => existsSync(file)).toBe(true);
      const answers = join(cluster.homes, dir.replace(/^\/home\//, ''), 'state/answers');
      expect(readFileSync(answers, 'utf8').includes('scratch is /scratch/17')).toBe(mode === 'noisy');
      const got = Object.fromEntries(
        readFileSync(file, 'utf8')
          .split('\0')
          .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
      );
      const looked = [
        'FROM_PREAMBLE',
        'FROM_LOGIN',
        ...Object.keys(SHELL),
        'HOME',
        'USER',
        'SLURM_GET_USER_ENV',
      ];
      const seen = Object.fromEntries(looked.filter((name) => name in got).map((name) => [name, got[name]]));
      expect(seen).toEqual({
        HOME: '/home/ada',
        USER: 'ada',
        MODULEPATH: '/opt/modules',
        KRB5CCNAME: 'FILE:/tmp/ticket',
        // Ours, for the steps.
        SLURM_EXPORT_ENV: 'ALL',
        SLURM_CPU_BIND: 'quiet,none',
        // slurmd's own, where nothing else is said.
        TMPDIR: '/tmp',
        ...more,
      });
      expect(readdirSync(join(cluster.homes, 'ada/got'))).toContain(jobId);
      await cluster.onLogin(['scancel', jobId]);
      await expect.poll(async () => (await cluster.onLogin(['squeue', '-h', '--me'])).stdout).toBe('');
    });
  },
);
