import type { Job } from '../config/job.ts';
import { isOnLoopback } from './inside.ts';
import type { Plan, Process, SecretSource, Step, Word } from './plan.ts';
import { srunCommand } from './step.ts';
import { wordText } from './word.ts';

/** The plan as data, in the shape that docs/plan-json.md describes. Secrets appear as `${SECRET:NAME}`. */
export function planJson(plan: Plan, job: Job): object {
  const secrets = new Map(plan.steps.map((step) => [step.name, secretTexts(step.secrets)]));
  return {
    version: plan.version,
    name: plan.name,
    dynamo: plan.dynamo,
    nodes: plan.nodes,
    gpus: plan.gpus,
    workers: plan.workers,
    processes: plan.processes.map((planned) => processJson(planned, secrets.get(planned.name) ?? {}, job)),
    srun: plan.steps.map((step) => srunJson(step, job)),
    readiness: plan.readiness,
    movable: plan.movable,
    entry: plan.entry,
    warnings: plan.warnings,
  };
}

function processJson(planned: Process, secrets: Readonly<Record<string, string>>, job: Job): object {
  return {
    ...planned,
    argv: planned.argv.map(wordText),
    env: { ...environmentTexts(planned.env), ...secrets },
    ports: planned.ports.map((port) => (isOnLoopback(port.use, job) ? { ...port, loopback: true } : port)),
  };
}

function srunJson(step: Step, job: Job): object {
  return { name: step.name, nodes: step.nodes, argv: srunCommand(step, job).map(wordText) };
}

function environmentTexts(env: Readonly<Record<string, Word>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).map(([name, word]) => [name, wordText(word)]));
}

function secretTexts(secrets: Readonly<Record<string, SecretSource>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(secrets).map((name) => [name, `\${SECRET:${name}}`]));
}
