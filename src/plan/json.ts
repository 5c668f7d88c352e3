import type { Plan, Process, SecretSource, Step, Word } from './plan.ts';
import { wordText } from './word.ts';

/** The plan as data, in the shape that docs/plan-json.md describes. Secrets appear as `${SECRET:NAME}`. */
export function planJson(plan: Plan): object {
  const secrets = new Map(plan.steps.map((step) => [step.name, secretTexts(step.secrets)]));
  return {
    version: plan.version,
    name: plan.name,
    dynamo: plan.dynamo,
    nodes: plan.nodes,
    gpus: plan.gpus,
    workers: plan.workers,
    processes: plan.processes.map((planned) => processJson(planned, secrets.get(planned.name) ?? {})),
    srun: plan.steps.map(srunJson),
    readiness: plan.readiness,
    movable: plan.movable,
    entry: plan.entry,
    warnings: plan.warnings,
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

function srunJson({ name, nodes, srun }: Step): object {
  return { name, nodes, argv: srun.map(wordText) };
}

function environmentTexts(env: Readonly<Record<string, Word>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).map(([name, word]) => [name, wordText(word)]));
}

function secretTexts(secrets: Readonly<Record<string, SecretSource>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(secrets).map((name) => [name, `\${SECRET:${name}}`]));
}
