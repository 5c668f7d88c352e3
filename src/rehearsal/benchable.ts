import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isBenchTool } from '../config/compat/bench-args.ts';
import type { BenchConfig } from '../config/schema/bench.ts';
import type { Problem } from '../config/yaml/problem.ts';

/** Why the tool of a benchmark can't run in a rehearsal; undefined where it can. `path`: this machine's PATH. */
export function benchable(
  bench: BenchConfig | undefined,
  cwd: string,
  path: string | undefined,
): Problem | undefined {
  if (bench === undefined || !isBenchTool(bench.type)) return undefined;
  const [program = DEFAULTS[bench.type], ...words] = bench.program?.trim().split(/\s+/) ?? [];
  const hint =
    'install the tool on this machine, and name what starts it as `bench.program`; or rehearse with the type builtin';
  if (program === 'python3' && (bench.program === undefined || words[0] === '-m')) {
    return {
      severity: 'error',
      path: ['bench', 'type'],
      message: `the Python of a rehearsal has no ${MODULES[bench.type] ?? words[1]}`,
      hint,
    };
  }
  if (isThere(program, cwd, path)) return undefined;
  return {
    severity: 'error',
    path: ['bench', 'type'],
    message: `there is no ${program} on this machine`,
    hint,
  };
}

const DEFAULTS = { aiperf: 'aiperf', sglang: 'python3', vllm: 'vllm' } as const;
const MODULES: Readonly<Record<string, string>> = { sglang: 'sglang.bench_serving' };

/** Whether a program can be executed, by its path or by its name on PATH. */
function isThere(program: string, cwd: string, path = ''): boolean {
  const folders = program.includes('/') ? ['.'] : path.split(':').filter((folder) => folder !== '');
  return folders.some((folder) => {
    const file = resolve(cwd, folder, program);
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}
