import { spawnSync } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { processesOf } from '../processes.ts';
import type { Settings } from './settings.ts';

/** What the figures were measured on. */
export interface Machine {
  readonly gpus: readonly { readonly name: string; readonly memoryMib: number }[];
  readonly driver: string | undefined;
  readonly cpus: number;
  readonly memoryGib: number;
  readonly python: string;
  /** Releases of the engine and what it runs on, by package. */
  readonly versions: Readonly<Record<string, string>>;
}

const PACKAGES = [
  'sglang',
  'vllm',
  'ai-dynamo',
  'torch',
  'triton',
  'transformers',
  'flashinfer-python',
  'sglang-kernel',
  'nixl',
];

const LOOK = `
import importlib.metadata as m, importlib.util as u, json, platform
def version(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return None
module = lambda name: u.find_spec(name) is not None
print(json.dumps({'python': platform.python_version(), 'versions': {n: version(n) for n in ${JSON.stringify(PACKAGES)} if version(n)},
                  'engines': [n for n in ('sglang', 'vllm') if module(n)], 'dynamo': module('dynamo')}))
`;

/** The machine, or why the test cannot run on it. */
export function lookAt({ python, engine, cpu }: Settings): Machine | string {
  const gpus = cpu ? [] : gpuRows('name,memory.total,driver_version');
  if (gpus === undefined) return 'this machine has no GPU that nvidia-smi can list';
  const { status, stdout, error } = spawnSync(python, ['-c', LOOK], { encoding: 'utf8', timeout: 300_000 });
  if (error || status !== 0) return `${python} does not run${error ? `: ${error.message}` : ''}`;
  const found = JSON.parse(stdout) as Pick<Machine, 'python' | 'versions'> & {
    readonly engines: readonly string[];
    readonly dynamo: boolean;
  };
  if (!found.engines.includes(engine)) return `${python} has no ${engine}`;
  if (!found.dynamo) return `${python} has no Dynamo`;
  return {
    gpus: gpus.map(([name = '', memory]) => ({ name, memoryMib: Number.parseInt(memory ?? '', 10) })),
    driver: gpus[0]?.[2],
    cpus: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    python: found.python,
    versions: found.versions,
  };
}

/** Cells of what nvidia-smi answers for each GPU that CUDA_VISIBLE_DEVICES leaves; undefined where it answers nothing. */
function gpuRows(fields: string): string[][] | undefined {
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  const which = visible === undefined || visible === '' ? [] : ['-i', visible];
  const { status, stdout } = spawnSync(
    'nvidia-smi',
    [...which, `--query-gpu=${fields}`, '--format=csv,noheader,nounits'],
    { encoding: 'utf8', timeout: 60_000 },
  );
  if (status !== 0 || stdout.trim() === '') return undefined;
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()));
}

/** MiB in use on each GPU. */
export function memoryInUse({ cpu }: Settings): readonly number[] {
  return cpu ? [] : (gpuRows('memory.used') ?? []).map(([used]) => Number(used));
}

/** What a run has left behind. */
export interface Leftovers {
  readonly processes: readonly string[];
  /** MiB on each GPU above what was in use before. */
  readonly memory: readonly number[];
}

/** MiB by which the driver's own use of a GPU varies. */
const SLACK = 16;

/** What of that should not be there. */
export function leftWrong({ processes, memory }: Leftovers): readonly string[] {
  return [
    ...(processes.length > 0 ? [`processes are left: ${processes.join('; ')}`] : []),
    ...(memory.some((mib) => mib > SLACK) ? [`GPU memory is left: ${memory.join(', ')} MiB`] : []),
  ];
}

/** Waits until nothing is left of a run, so many seconds at most; what still is, and after how many seconds. */
export async function leftAfter(
  run: string,
  before: readonly number[],
  settings: Settings,
  patience = 20,
): Promise<Leftovers & { readonly seconds: number }> {
  const began = performance.now();
  for (;;) {
    const seconds = (performance.now() - began) / 1000;
    const left = {
      processes: processesOf(run).map((line) => line.slice(0, 160)),
      memory: memoryInUse(settings).map((used, gpu) => Math.max(0, used - (before[gpu] ?? 0))),
    };
    if (leftWrong(left).length === 0 || seconds > patience) return { ...left, seconds };
    await sleep(100);
  }
}
