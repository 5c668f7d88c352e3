import type { Plan, StepBody } from '../plan/plan.ts';
import type { BundleFile } from './bundle.ts';
import { environmentFile, stepScript } from './step-files.ts';

export interface ChangedStep {
  readonly plan: Plan;
  readonly step: StepBody;
  /** As the bundle has it. */
  readonly original: StepBody;
  /** Relative to the run folder. */
  readonly folder: string;
  /** Text of step.sh.hbs. */
  readonly template: string;
}

/**
 * Script and environment of a step whose command has changed since the bundle was rendered, by path in the run folder.
 * Secrets stay in the bundle's file, for nobody can give new ones to a job that runs.
 */
export function changedStepFiles({
  plan,
  step,
  original,
  folder,
  template,
}: ChangedStep): ReadonlyMap<string, BundleFile> {
  const env = `${folder}/${step.name}.env`;
  const gone = Object.keys(original.secrets).filter((name) => !(name in step.secrets));
  const text = environmentFile({ ...step, secrets: original.secrets });
  const forgotten = gone.map((name) => `unset ${name}\n`).join('');
  return new Map([
    [`${folder}/${step.name}.sh`, { text: stepScript(plan, step, template, env), mode: 0o700 }],
    [env, { text: `${text}${forgotten}`, mode: 0o600 }],
  ]);
}
