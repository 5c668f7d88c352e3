import type { Arg } from '../../argument.ts';
import { parseYaml } from '../../config/yaml/parse.ts';
import { type ConfigEntry, plain } from '../../config/yaml/tree.ts';
import type { Plan, Step } from '../../plan/plan.ts';
import { canonical, type Figures, FROM_OUTSIDE, flagsOf } from './figures.ts';

/** What a plan starts. */
export function plannedFigures(plan: Plan): Figures {
  const roles = new Map<string, Figures['roles'] extends ReadonlyMap<string, infer One> ? One : never>();
  for (const { role } of plan.workers) {
    const own = plan.workers.filter((worker) => worker.role === role);
    const step = plan.steps.find((one) => one.kind === 'worker' && one.role === role);
    const [first] = own;
    if (roles.has(role) || first === undefined || step === undefined) continue;
    roles.set(role, {
      workers: own.length,
      gpus: first.gpus.length * first.nodes.length,
      args: fileOf(step) ?? flagsIn(step),
      env: environmentOf(step),
    });
  }
  const frontends = plan.steps.filter(({ kind }) => kind === 'frontend');
  const [frontend] = frontends;
  return {
    nodes: plan.nodes.length,
    roles,
    frontends: {
      type: plan.frontend,
      count: frontends.length,
      args: frontend ? flagsIn(frontend) : new Map(),
      env: frontend ? environmentOf(frontend) : new Map(),
    },
  };
}

function textOf(word: Arg): string {
  return typeof word === 'string'
    ? word
    : word.map((part) => (typeof part === 'string' ? part : '?')).join('');
}

/** The flags of a command; what stands before Python is another program's. */
function flagsIn({ argv }: Step): ReadonlyMap<string, string> {
  return flagsOf(argv.slice(Math.max(0, argv.indexOf('python3'))).map(textOf));
}

/** The keys of the engine's own file, as Python reads it, where its arguments are in one. */
function fileOf({ files = {} }: Step): ReadonlyMap<string, string> | undefined {
  const [[name, text] = []] = Object.entries(files);
  if (name === undefined || text === undefined) return undefined;
  const entries = parseYaml(name, text, 'foreign').root?.entries ?? new Map<string, ConfigEntry>();
  return new Map([...entries].map(([key, { value }]) => [key, canonical(plain(value))]));
}

function environmentOf({ env, secrets }: Step): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries(env).map(([name, word]) => [name, textOf(word)] as const),
    ...Object.keys(secrets).map((name) => [name, FROM_OUTSIDE] as const),
  ]);
}
