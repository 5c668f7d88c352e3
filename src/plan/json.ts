import type { Plan, Process, SecretSource, Word } from './plan.ts';
import { wordText } from './word.ts';

/** The plan as data, in the shape that docs/plan-json.md describes. Secrets appear as `${SECRET:NAME}`. */
export function planJson(plan: Plan): object {
  const secrets = new Map(plan.steps.map((step) => [step.name, secretTexts(step.secrets)]));
  const { version, name, dynamo, nodes, gpus, workers, readiness, movable, entry, warnings } = plan;
  return {
    ...{ version, name, dynamo, nodes, gpus, workers },
    processes: plan.processes.map((planned) => processJson(planned, secrets.get(planned.name) ?? {})),
    srun: plan.steps.map((step) => ({
      name: step.name,
      nodes: step.nodes,
      argv: step.srun.map(wordText),
    })),
    ...{ readiness, movable, entry, warnings },
  };
}

function processJson(planned: Process, secrets: Readonly<Record<string, string>>): object {
  return {
    ...planned,
    argv: planned.argv.map(wordText),
    env: { ...environmentTexts(planned.env), ...secrets },
    ports: planned.ports.map(({ port, count, use, address }) => ({
      ...{ port, count, use },
      ...(address === 'loopback' && { loopback: true }),
    })),
  };
}

function environmentTexts(env: Readonly<Record<string, Word>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).map(([name, word]) => [name, wordText(word)]));
}

function secretTexts(secrets: Readonly<Record<string, SecretSource>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(secrets).map((name) => [name, `\${SECRET:${name}}`]));
}
