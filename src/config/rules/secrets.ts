import { type ArgumentOwner, variableOf } from '../schema/argument-secrets.ts';
import { argumentsOf } from '../schema/found-secrets.ts';
import type { JobConfig } from '../schema/job-schema.ts';
import { type ArgumentValue, ROLES } from '../schema/role.ts';
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
    return 'cannot be passed on unseen, and has no effect: it guards SGLang’s own HTTP server, which does not run in a worker of Dynamo';
  if (frontendKey)
    return 'has no effect: no release of Dynamo up to 1.6 asks clients of its frontend for a key; put a proxy that does before it';
  return 'cannot be passed on unseen: the program reads it from its arguments alone, which every user of the node can read';
}
