import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Arg } from '../argument.ts';
import type { BenchConfig } from '../config/schema/bench.ts';
import { isBenchTool } from '../config/schema/bench.ts';
import type { Problem } from '../config/yaml/problem.ts';
import { MOCKED } from '../engines/engines.ts';
import type { Plan, Step } from '../plan/plan.ts';

/** Modules that need no GPU, and so run as they are. */
const AS_THEY_ARE = /^dynamo\.(router|global_router|frontend)$/;

/** With what workers are rehearsed. */
export type RehearsalEngine = 'mock' | 'cpu';

/** Why a plan can't be rehearsed; undefined when it can. Pure. */
export function rehearsable(plan: Plan, engine: RehearsalEngine = 'mock'): Problem | undefined {
  for (const step of plan.steps) {
    if (step.role === null) continue;
    const why = engine === 'mock' ? obstacle(step, plan) : cpuObstacle(step, plan);
    if (why === undefined) continue;
    return {
      severity: 'error',
      path: [step.role],
      message: `cannot be rehearsed: ${why}`,
      hint: '`dyn-slurm submit --dry-run` shows everything that it would run.',
    };
  }
  return undefined;
}

function obstacle(step: Step, { readiness }: Plan): string | undefined {
  if (readiness.surface === 'media') return 'no mock engine makes images, video or audio';
  const words = step.argv.map(literal);
  if (words[0] === 'nsys') return 'nsys cannot record mock engines; leave `profile` out of a rehearsal';
  const module = moduleOf(words);
  const known = [...MOCKED, AS_THEY_ARE].some((modules) => modules.test(module ?? ''));
  return known ? undefined : `there is no mock engine for ${module ?? 'its command'}`;
}

function cpuObstacle(step: Step, { readiness }: Plan): string | undefined {
  const module = moduleOf(step.argv.map(literal)) ?? '';
  if (AS_THEY_ARE.test(module)) return undefined;
  if (module !== 'dynamo.sglang')
    return `the CPU engine is SGLang under Dynamo, and this worker runs ${module}`;
  if (step.role === 'prefill' || step.role === 'decode')
    return 'on a CPU, prefill and decode workers cannot hand over their KV cache; use aggregated workers, or mock engines';
  return readiness.surface === 'chat' ? undefined : 'the tiny model of the CPU engine only completes text';
}

/** What a worker runs: a module of Python, or the program that another one, such as a launcher, starts. */
function moduleOf(words: readonly string[]): string | undefined {
  const python = words.indexOf('python3');
  if (python >= 0) return words[words.indexOf('-m', python) + 1];
  return words.find((word) => MOCKED.some((modules) => modules.test(word))) ?? words[0];
}

function literal(word: Arg): string {
  return typeof word === 'string'
    ? word
    : word.map((part) => (typeof part === 'string' ? part : '')).join('');
}

/** Why a benchmark can't run in a rehearsal; undefined where it can. `path`: this machine's PATH. */
export function benchObstacle(
  bench: BenchConfig | undefined,
  cwd: string,
  path: string | undefined,
): string | undefined {
  if (bench === undefined || bench.type === 'builtin') return undefined;
  if (bench.type === 'custom') return commandObstacle(bench, cwd);
  if (!isBenchTool(bench.type)) return undefined;
  const [program = DEFAULTS[bench.type], ...words] = bench.program?.trim().split(/\s+/) ?? [];
  const ofPython = program === 'python3' && (bench.program === undefined || words[0] === '-m');
  if (!ofPython) return isThere(program, cwd, path) ? undefined : `there is no ${program} on this machine`;
  const module = bench.type === 'sglang' ? 'sglang.bench_serving' : words[1];
  return `the Python of a rehearsal has no ${module}`;
}

/** A command that names a script of the image or the cluster, as far as its first words tell. */
function commandObstacle({ image, command = '' }: BenchConfig, cwd: string): string | undefined {
  if (image !== undefined) return `its command is for the image ${image}`;
  const words = command.trim().split(/\s+/);
  const first = words.findIndex((word) => !/^(\w+=.*|env|exec|(ba)?sh|python3?|-[a-z]+)$/.test(word));
  const file = words[first] ?? '';
  const isPath = /^[\w.-]*\/[\w./-]*$/.test(file);
  return !isPath || existsSync(resolve(cwd, file)) ? undefined : `there is no ${file} on this machine`;
}

const DEFAULTS = {
  aiperf: 'aiperf',
  trace: 'aiperf',
  agentic: 'aiperf',
  sglang: 'python3',
  vllm: 'vllm',
} as const;

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
