/** The environments that `setup --engine` makes: what each holds, and what it needs of a machine. */
export interface EngineEnvironment {
  /** For people. */
  readonly title: string;
  /** The package that says its version. */
  readonly packageName: string;
  /** Needs an NVIDIA GPU to run. */
  readonly gpu: boolean;
  /** What its Python runs to see that it is whole; a path is below the package's folder. */
  readonly check: readonly string[];
  /** Its size on disk, GiB, with room for what is on the way. */
  readonly room: number;
  /** The newest minor version of CPython 3 that all of its packages have wheels for; the oldest is 10. */
  readonly newestPython: number;
  /** The kinds of machines that its wheels are for, as Node names them. */
  readonly machines: readonly string[];
}

export const ENGINES = {
  sglang: {
    title: 'SGLang',
    packageName: 'sglang',
    gpu: true,
    check: ['-c', 'import torch, sglang, dynamo.sglang'],
    room: 16,
    newestPython: 12,
    machines: ['x64', 'arm64'],
  },
  'sglang-cpu': {
    title: "SGLang's CPU engine",
    packageName: 'sglang',
    gpu: false,
    check: ['rehearsal/engine/as_cpu.py', 'dynamo.sglang', '--help'],
    room: 8,
    newestPython: 12,
    machines: ['x64'],
  },
  vllm: {
    title: 'vLLM',
    packageName: 'vllm',
    gpu: true,
    check: ['-c', 'import torch, vllm, dynamo.vllm'],
    room: 16,
    newestPython: 13,
    machines: ['x64', 'arm64'],
  },
} as const satisfies Readonly<Record<string, EngineEnvironment>>;

export type EngineName = keyof typeof ENGINES;

export const ENGINE_NAMES = Object.keys(ENGINES) as readonly EngineName[];

/** The environment that a rehearsal on the CPU uses. */
export const CPU_ENGINE = 'sglang-cpu' satisfies EngineName;

/** The oldest glibc that the wheels run with. */
export const OLDEST_GLIBC = [2, 34] as const;
