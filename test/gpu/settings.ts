import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export type Engine = 'sglang' | 'vllm';

/** What the command line asks for. */
export interface Settings {
  readonly engine: Engine;
  /** The CPU engine takes the place of GPUs: smaller models and loads, and nothing that only a GPU can show. */
  readonly cpu: boolean;
  /** The Python that has the engine. */
  readonly python: string;
  /** The package of dyn-slurm that is tried. */
  readonly package: string;
  /** Models, configs, runs and what commands printed. */
  readonly work: string;
  /** The work folder was made for this test, and is removed after it. */
  readonly temporary: boolean;
  readonly only: readonly string[];
  readonly list: boolean;
  readonly out: string | undefined;
  readonly record: string | undefined;
  /** Arguments of the engine in all configs, such as an attention backend that this machine's build has. */
  readonly args: Readonly<Record<string, string | number | boolean>>;
  /** Environment of all workers. */
  readonly env: Readonly<Record<string, string>>;
  /** Seconds until a service has to be ready. */
  readonly patience: number;
  /** No part is begun after so many. */
  readonly minutes: number;
}

const HELP = `npm run test:gpu -- [options]

  --engine NAME       sglang (default) or vllm
  --python PATH       the Python that has the engine; default: python3
  --only NAME         run this part only; may be repeated
  --list              list the parts
  --out FILE          write the results, as JSON
  --record FOLDER     keep the logs and events of the runs there, shortened, as test/recorded has them
  --arg NAME=VALUE    an argument of the engine in all configs; may be repeated
  --env NAME=VALUE    environment of all workers; may be repeated
  --work FOLDER       keep models, runs and outputs there; default: a temporary folder
  --package FOLDER    the package of dyn-slurm to try; default: this checkout
  --patience SECONDS  until a service has to be ready; default: 600
  --minutes NUMBER    begin no part after so many
  --cpu               use the engine that runs on a CPU: a rehearsal of this test
`;

/** Settings of NCCL and NVSHMEM that the machine's owner has made hold for the workers, too. */
const HANDED_ON = /^(NCCL_|NVSHMEM_|TORCH_SYMM_MEM_)/;

export function readSettings(argv: readonly string[]): Settings | 'help' {
  const many = { type: 'string', multiple: true } as const;
  const one = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      engine: one,
      python: one,
      only: many,
      list: flag,
      out: one,
      record: one,
      arg: many,
      env: many,
      work: one,
      package: one,
      patience: one,
      minutes: one,
      cpu: flag,
      help: flag,
    },
  });
  if (values.help) return 'help';
  const { engine = 'sglang' } = values;
  if (engine !== 'sglang' && engine !== 'vllm') throw new Error(`--engine ${engine}: sglang or vllm`);
  const handedOn = Object.entries(process.env).filter(([name]) => HANDED_ON.test(name));
  return {
    engine,
    cpu: values.cpu ?? false,
    python: values.python ?? 'python3',
    package: resolve(values.package ?? '.'),
    work: resolve(values.work ?? mkdtempSync(join(tmpdir(), 'dyn-slurm-gpu-'))),
    temporary: values.work === undefined,
    only: values.only ?? [],
    list: values.list ?? false,
    out: values.out && resolve(values.out),
    record: values.record && resolve(values.record),
    args: Object.fromEntries((values.arg ?? []).map(assignment).map(([name, value]) => [name, typed(value)])),
    env: {
      ...Object.fromEntries(handedOn as [string, string][]),
      ...Object.fromEntries((values.env ?? []).map(assignment)),
    },
    patience: Number(values.patience ?? 600),
    minutes: Number(values.minutes ?? Number.POSITIVE_INFINITY),
  };
}

export function help(): string {
  return HELP;
}

function assignment(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(`${text} is not NAME=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function typed(value: string): string | number | boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}
