import type { Plan } from '../../plan/plan.ts';
import type { Figures, RoleFigures } from './figures.ts';

/** Sizes that are 1 where nobody says. */
const SIZES = [
  'tensor-parallel-size',
  'pipeline-parallel-size',
  'data-parallel-size',
  'expert-parallel-size',
  'decode-context-parallel-size',
  // In a file of TensorRT-LLM.
  'tensor_parallel_size',
  'pipeline_parallel_size',
];

/** What dyn-slurm alone sets, so that a server shows its metrics. */
const FOR_METRICS: ReadonlySet<string> = new Set(['return_perf_metrics', 'enable-metrics']);

/** The differences between a plan and its recipe, as sentences; none if they agree. */
export function differences(expected: Figures, planned: Figures, plan: Plan): readonly string[] {
  const found: string[] = [];
  const compare = (what: string, one: unknown, other: unknown) => {
    if (one !== other) found.push(`${what}: ${show(one)} in the recipe, ${show(other)} in the plan`);
  };
  compare('nodes', expected.nodes, planned.nodes);
  compare('frontend', expected.frontends.type, planned.frontends.type);
  compare('frontends', expected.frontends.count, planned.frontends.count);
  compare('roles', [...expected.roles.keys()].sort().join(', '), [...planned.roles.keys()].sort().join(', '));
  for (const [role, one] of expected.roles) {
    const other = planned.roles.get(role);
    if (other === undefined) continue;
    compare(`${role} workers`, one.workers, other.workers);
    compare(`GPUs of a ${role} worker`, one.gpus, other.gpus);
    found.push(...maps(`${role} --`, withDefaults(one), withDefaults(other), true));
    const given = new Set(Object.keys(plan.settings[role as keyof Plan['settings']]?.env ?? {}));
    found.push(...maps(`${role} `, one.env, onlyGiven(other.env, given, one.env), true));
  }
  found.push(...maps('frontend --', expected.frontends.args, planned.frontends.args, false));
  const given = new Set(Object.keys(plan.settings.frontend?.env ?? {}));
  found.push(
    ...maps(
      'frontend ',
      expected.frontends.env,
      onlyGiven(planned.frontends.env, given, expected.frontends.env),
      true,
    ),
  );
  return found;
}

function withDefaults({ args }: RoleFigures): ReadonlyMap<string, string> {
  return new Map([...args].filter(([name, value]) => !(SIZES.includes(name) && value === '1')));
}

/** Variables that the config gives, without those that dyn-slurm sets by itself. */
function onlyGiven(
  env: ReadonlyMap<string, string>,
  given: ReadonlySet<string>,
  expected: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  return new Map([...env].filter(([name]) => given.has(name) || expected.has(name)));
}

/** `both`: what only the plan has is told, too. */
function maps(
  what: string,
  expected: ReadonlyMap<string, string>,
  planned: ReadonlyMap<string, string>,
  both: boolean,
): readonly string[] {
  const found: string[] = [];
  for (const [name, value] of expected) {
    const other = planned.get(name);
    if (other !== value)
      found.push(`${what}${name}: ${show(value)} in the recipe, ${show(other)} in the plan`);
  }
  if (both) {
    for (const [name, value] of planned)
      if (!expected.has(name) && !FOR_METRICS.has(name))
        found.push(`${what}${name}: not in the recipe, ${show(value)} in the plan`);
  }
  return found;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : String(value);
}
