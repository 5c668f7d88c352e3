import { type ExecFileException, execFile } from 'node:child_process';
import { DynSlurmError } from '../../errors.ts';
import type { Environment } from '../../host/environment.ts';
import { GPU_QUERY, type LocalGpu, PROCESS_QUERY, readGpus, visibleGpus } from './gpus.ts';

/** Milliseconds: an idle driver without persistence takes several seconds; a driver that hangs would block us forever. */
const LIMIT = 30_000;

/** The GPUs of this machine that CUDA_VISIBLE_DEVICES leaves. @throws DynSlurmError `preflight` where there are none. */
export async function lookAtGpus(env: Environment, signal: AbortSignal): Promise<readonly LocalGpu[]> {
  const [gpus, processes] = await Promise.all([
    nvidiaSmi(GPU_QUERY, env, signal),
    nvidiaSmi(PROCESS_QUERY, env, signal).catch((error: unknown) => {
      if (error instanceof DynSlurmError && error.code === 'interrupted') throw error;
      return '';
    }),
  ]);
  const all = readGpus(gpus, processes);
  if (all.length === 0)
    throw new DynSlurmError('preflight', 'nvidia-smi shows no GPU on this machine', {
      hint: `${WITHOUT}; nvidia-smi -L lists what the driver sees`,
    });
  const visible = visibleGpus(all, env.CUDA_VISIBLE_DEVICES);
  if (visible.length === 0)
    throw new DynSlurmError(
      'preflight',
      `CUDA_VISIBLE_DEVICES=${env.CUDA_VISIBLE_DEVICES} leaves none of the ${all.length} GPUs of this machine`,
      { hint: 'unset it, or name GPUs by their numbers, as CUDA_VISIBLE_DEVICES=0,1' },
    );
  return visible;
}

const WITHOUT = '`dyn-slurm rehearse` runs the job with mock engines, without a GPU';

function nvidiaSmi(words: readonly string[], env: Environment, signal: AbortSignal): Promise<string> {
  // Where containers with GPUs have it.
  const path = `${env.PATH ?? ''}:/usr/bin:/usr/local/nvidia/bin`;
  return new Promise((resolve, reject) => {
    const options = {
      env: { ...env, PATH: path, LC_ALL: 'C' },
      timeout: LIMIT,
      signal,
      killSignal: 'SIGKILL',
    } as const;
    execFile('nvidia-smi', words, options, (error, out, err) => {
      if (error === null) resolve(out);
      else reject(trouble(error, `${out}${err}`.trim().split('\n')[0] ?? '', signal));
    });
  });
}

function trouble(error: ExecFileException, said: string, signal: AbortSignal): Error {
  if (signal.aborted) return new DynSlurmError('interrupted', 'interrupted');
  if (error.code === 'ENOENT')
    return new DynSlurmError('preflight', 'there is no nvidia-smi on this machine, so no NVIDIA driver', {
      hint: `install the driver; ${WITHOUT}`,
    });
  if (error.killed)
    return new DynSlurmError(
      'preflight',
      `nvidia-smi gives no answer within ${LIMIT / 1000} s, so the GPUs or their driver hang`,
      { hint: 'see `dmesg`; often only a restart of the machine helps' },
    );
  return new DynSlurmError('preflight', `nvidia-smi fails: ${said || error.message}`, {
    hint: `the driver does not work on this machine; ${WITHOUT}`,
  });
}
