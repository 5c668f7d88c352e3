import type { Plan, SecretSource } from '../plan/plan.ts';
import { quote } from './shell.ts';

/** A secret that a step's environment needs; its value is read only when a job is submitted. */
export interface NeededSecret {
  readonly step: string;
  readonly name: string;
  readonly source: SecretSource;
}

export function neededSecrets(plan: Plan): readonly NeededSecret[] {
  return plan.steps.flatMap((step) =>
    Object.entries(step.secrets).map(([name, source]) => ({ step: step.name, name, source })),
  );
}

/** Files that hold the values, 0600, sourced by the steps: `env/STEP.secrets`. They are no part of a dry-run. */
export function secretFiles(
  secrets: readonly (NeededSecret & { readonly value: string })[],
): ReadonlyMap<string, { text: string; mode: number }> {
  const files = new Map<string, { text: string; mode: number }>();
  for (const { step, name, value } of secrets) {
    const file = `env/${step}.secrets`;
    files.set(file, {
      text: `${files.get(file)?.text ?? ''}ENVIRONMENT+=(${name}=${quote(value)})\n`,
      mode: 0o600,
    });
  }
  return files;
}
