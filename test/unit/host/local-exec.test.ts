import { existsSync } from 'node:fs';
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { DynSlurmError } from '../../../src/errors.ts';
import { localHost } from '../../../src/host/local.ts';

const signal = new AbortController().signal;
const options = { timeout: 60_000, signal };
const host = localHost({ path: [], env: { PATH: process.env.PATH } });

async function program(script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dyn-slurm-test-'));
  await writeFile(join(folder, 'squeue'), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'squeue'), 0o755);
  return folder;
}

async function failure(promise: Promise<unknown>): Promise<DynSlurmError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DynSlurmError);
  return error as DynSlurmError;
}

test('gives output and exit code as they are', async () => {
  const folder = await program('echo out; echo err >&2; exit 3');
  const result = await localHost({ path: [folder], env: { PATH: process.env.PATH } }).exec(
    ['squeue'],
    options,
  );
  expect(result).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 3 });
});

test('passes words as they are, without a shell', async () => {
  const words = ['a b', '$(id)', "it's", '`x`', '', '*', 'é\n"'];
  const { stdout } = await host.exec(['printf', '<%s>', ...words], options);
  expect(stdout).toBe(words.map((word) => `<${word}>`).join(''));
});

test('gives standard input', async () => {
  expect((await host.exec(['cat'], { ...options, input: 'text' })).stdout).toBe('text');
});

test('hands on an allow-list of the environment, and what is given', async () => {
  const env = {
    PATH: process.env.PATH,
    HOME: '/home/ada',
    SLURM_CONF: '/etc/slurm/slurm.conf',
    SLURM_CPU_BIND: 'map_cpu:0',
    SLURM_JOB_ID: '7',
    SBATCH_PARTITION: 'wrong',
    SRUN_DEBUG: '3',
    PMI_RANK: '0',
    PMIX_RANK: '0',
    HF_TOKEN: 'secret',
  };
  const given = localHost({ path: ['/opt/slurm/bin'], env, extra: { DYN_SLURM_STANDIN_DIR: '/state' } });
  const { stdout } = await given.exec(['env'], { ...options, env: { SLURM_TIME_FORMAT: '%s' } });
  expect(stdout.trimEnd().split('\n').sort()).toEqual([
    'DYN_SLURM_STANDIN_DIR=/state',
    'HOME=/home/ada',
    `PATH=/opt/slurm/bin:${process.env.PATH}`,
    'SLURM_CONF=/etc/slurm/slurm.conf',
    'SLURM_TIME_FORMAT=%s',
  ]);
});

test('a missing program names the fix', async () => {
  const error = await failure(host.exec(['no-such-sbatch', 'a b'], options));
  expect([error.code, error.message, error.hint]).toEqual([
    'connection',
    "cannot run no-such-sbatch (not found on PATH)\n  ran:  no-such-sbatch 'a b'   on this machine",
    'load the Slurm module of the cluster first, or set slurm_bin in the cluster profile to the folder of its commands',
  ]);
});

test('a command that does not end is killed, and what it said is kept', async () => {
  const folder = await program(
    'trap "" TERM; echo "waiting for the controller" >&2; : >"$0.said"; while :; do sleep 0.1; done',
  );
  const stuck = localHost({ path: [folder], env: { PATH: process.env.PATH } });
  const late = new AbortController();
  vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(late.signal);
  const failed = failure(stuck.exec(['squeue', '--me'], { signal, timeout: 300 }));
  await expect.poll(() => existsSync(join(folder, 'squeue.said'))).toBe(true);
  late.abort();
  const error = await failed;
  expect([error.code, error.message]).toEqual([
    'connection',
    'squeue did not end (no answer within 0.3 s)\n  ran:  squeue --me   on this machine\nwaiting for the controller',
  ]);
});

test('a killed command names the signal', async () => {
  const folder = await program('kill -KILL $$');
  const killed = localHost({ path: [folder], env: { PATH: process.env.PATH } });
  const error = await failure(killed.exec(['squeue'], options));
  expect(error.message).toBe('squeue failed (killed by SIGKILL)\n  ran:  squeue   on this machine');
});

test('an abort ends the command', async () => {
  const controller = new AbortController();
  const running = host.exec(['sleep', '60'], { timeout: 60_000, signal: controller.signal });
  setTimeout(() => controller.abort('SIGINT'), 50);
  expect((await failure(running)).code).toBe('interrupted');
});

test('a program may have our own input and output', async () => {
  const options = { stdio: process, signal };
  expect(await host.interact?.(['bash', '-c', 'exit 3'], options)).toBe(3);
  expect(await host.interact?.(['bash', '-c', 'kill -KILL $$'], options)).toBe(137);
  expect(await host.interact?.(['bash', '-c', '[[ $TERM == vt100 ]]'], { ...options, term: 'vt100' })).toBe(
    0,
  );
  await expect(host.interact?.(['no-such-program'], options)).rejects.toMatchObject({
    code: 'connection',
  });
});
