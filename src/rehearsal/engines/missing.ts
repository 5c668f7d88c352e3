import { type RunOptions, run } from '../tools/child.ts';
import { ENGINES, type EngineName } from './catalog.ts';
import type { Engine } from './place.ts';

/** Something that a machine lacks to run an engine that is installed. */
export interface Lack {
  readonly what: string;
  readonly consequence: string;
  readonly fix: string;
}

interface Need extends Lack {
  /** Exits with 0 where it is there. */
  readonly probe: (python: string) => readonly string[];
}

const shell = (command: string) => () => ['/bin/sh', '-c', command];

/** CUDA 13, which the wheels are built with, runs with this driver and newer ones. */
const OLDEST_DRIVER = 580;

const OF_GPUS: readonly Need[] = [
  {
    what: 'nvidia-smi',
    probe: shell('nvidia-smi -L | grep -q .'),
    consequence: 'no GPU is found, and the engine does not start',
    fix: `install the NVIDIA driver, release ${OLDEST_DRIVER} or newer`,
  },
  {
    what: `an NVIDIA driver of release ${OLDEST_DRIVER} or newer`,
    probe: shell(
      `nvidia-smi --query-gpu=driver_version --format=csv,noheader | awk -F. '$1 < ${OLDEST_DRIVER} { old = 1 } END { exit old || !NR }'`,
    ),
    consequence: 'CUDA 13, which the engine is built with, does not start',
    fix: `update the NVIDIA driver to release ${OLDEST_DRIVER} or newer`,
  },
  {
    what: 'nvcc',
    probe: shell('command -v nvcc || [ -x "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" ]'),
    consequence: 'kernels that are compiled at the first start cannot be, and the start may fail',
    fix: 'install the CUDA toolkit 13, and put its bin folder on PATH or its folder into CUDA_HOME',
  },
  {
    what: 'ninja',
    probe: (python) => ['/bin/sh', '-c', 'command -v ninja || [ -x "$(dirname "$0")/ninja" ]', python],
    consequence: 'kernels that are compiled at the first start cannot be, and the start may fail',
    fix: '`apt install ninja-build`',
  },
  {
    what: 'a C compiler',
    probe: shell('command -v cc || command -v gcc || command -v clang'),
    consequence: 'Triton, which compiles its launcher with it, fails at the first request or earlier',
    fix: '`apt install gcc`',
  },
  {
    what: 'Python.h',
    probe: (python) => [
      python,
      '-c',
      'import os, sys, sysconfig; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))',
    ],
    consequence: 'Triton, whose launcher includes it, fails at the first request or earlier',
    fix: '`apt install python3-dev`, for the version of Python that the environment has',
  },
  {
    what: 'libnuma',
    probe: (python) => [python, '-c', 'import ctypes; ctypes.CDLL("libnuma.so.1")'],
    consequence: "the engine's compiled kernels do not load, and it does not start",
    fix: '`apt install libnuma1`',
  },
];

/** What this machine lacks to run an engine that has been installed; installing it needs none of this. */
export async function lacking(
  name: EngineName,
  { python }: Engine,
  options: RunOptions,
): Promise<readonly Lack[]> {
  const needs = ENGINES[name].gpu ? OF_GPUS : [];
  const ended = await Promise.all(needs.map(({ probe }) => run(probe(python), options)));
  const lacks = needs.filter((_, index) => ended[index]?.exitCode !== 0);
  // Without nvidia-smi nothing is known of the driver.
  const blind = lacks.some(({ what }) => what === 'nvidia-smi');
  return lacks
    .filter(({ what }) => !blind || !what.startsWith('an NVIDIA driver'))
    .map(({ what, consequence, fix }) => ({ what, consequence, fix }));
}
