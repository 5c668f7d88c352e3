import { argText } from '../argument.ts';
import type { Plan, Process } from './plan.ts';

/** The plan as data, in the shape that docs/plan-json.md describes. Secrets appear as `${SECRET:NAME}`. */
export function planJson(plan: Plan): object {
  const secrets = new Map(plan.steps.map((step) => [step.name, Object.keys(step.secrets)]));
  const kernels = new Map(plan.steps.map((step) => [step.name, step.kernels?.env]));
  const { version, name, dynamo, nodes, gpus, workers, readiness, movable, entry, warnings } = plan;
  return {
    ...{ version, name, dynamo, nodes, gpus, workers },
    processes: plan.processes.map((planned) =>
      processJson(
        { ...planned, env: { ...kernels.get(planned.name), ...planned.env } },
        secrets.get(planned.name) ?? [],
      ),
    ),
    srun: plan.steps.map((step) => ({
      name: step.name,
      nodes: step.nodes,
      argv: step.srun.map(argText),
    })),
    ...{ readiness, movable, entry, warnings },
  };
}

function processJson(planned: Process, secrets: readonly string[]): object {
  const env = Object.entries(planned.env).map(([name, word]) => [name, argText(word)]);
  const hidden = secrets.map((name) => [name, `\${SECRET:${name}}`]);
  return {
    ...planned,
    argv: planned.argv.map(argText),
    env: Object.fromEntries([...env, ...hidden]),
    ports: planned.ports.map(({ port, count, use, address }) => ({
      ...{ port, count, use },
      ...(address === 'loopback' && { loopback: true }),
    })),
  };
}
