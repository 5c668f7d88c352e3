import type { JobConfig } from '../schema/job-schema.ts';
import { type ArgumentValue, ROLES } from '../schema/role.ts';
import { type ArgumentOwner, argumentsOf, variableOf } from '../schema/secrets.ts';
import { isSecretReference } from '../text/secret.ts';
import { keyError, type Problem } from '../yaml/problem.ts';
import type { ConfigPath } from '../yaml/source-range.ts';

/** References to secrets in arguments that no variable can take the place of. */
export function* checkSecrets(job: JobConfig): Generator<Problem> {
  for (const [owner, path, args] of argumentsOf(job)) yield* checkReferences(owner, path, args);
}

function* checkReferences(
  owner: ArgumentOwner,
  path: ConfigPath,
  args: Readonly<Record<string, ArgumentValue>>,
): Generator<Problem> {
  for (const [name, value] of Object.entries(args)) {
    if (!isSecretReference(value) || variableOf(owner, name) !== undefined) continue;
    const key = /^(admin-)?api-key$/.test(name.replaceAll('_', '-'));
    const worker = ROLES.some((role) => role === owner);
    yield keyError(
      [...path, name],
      referenceProblem(key && worker, key && owner === 'frontend'),
      'remove it; a secret that a program reads from a variable belongs in `env`',
    );
  }
}

function referenceProblem(engineKey: boolean, frontendKey: boolean): string {
  if (engineKey)
    return "cannot be passed as a secret, and has no effect: it protects the engine's own HTTP server, which a Dynamo worker does not run";
  if (frontendKey)
    return 'has no effect: no frontend of Dynamo up to 1.6 asks clients for a key; put a proxy in front of it that does';
  return 'cannot be passed as a secret: the program reads it only from its arguments, which every user of the node can see';
}
