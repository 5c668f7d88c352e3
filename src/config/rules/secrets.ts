import { type ArgumentOwner, variableOf } from '../argument-secrets.ts';
import type { Problem } from '../problem.ts';
import { type ArgumentValue, ROLES } from '../role.ts';
import type { JobConfig } from '../schema.ts';
import { isSecretArgument, isSecretReference, secretWords } from '../secret.ts';

/** Arguments that hold a secret by their names, and references to secrets that no variable can take the place of. */
export function* checkSecrets(job: JobConfig): Generator<Problem> {
  for (const role of ROLES) {
    yield* checkArgs(role, [role, 'args'], job[role]?.args);
    for (const index of secretWords(job[role]?.flags ?? [])) {
      yield {
        severity: 'error',
        path: [role, 'flags', index],
        message: 'looks like a secret; every user of a node can read the words of its commands',
        conceal: true,
      };
    }
  }
  yield* checkArgs('frontend', ['frontend', 'args'], job.frontend.args);
  yield* checkArgs('etcd', ['infra', 'etcd', 'args'], job.infra.etcd.args);
  if (job.bench) yield* checkArgs(job.bench.type, ['bench', 'args'], job.bench.args);
}

function* checkArgs(
  owner: ArgumentOwner,
  path: readonly string[],
  args: Readonly<Record<string, ArgumentValue>> = {},
): Generator<Problem> {
  for (const [name, value] of Object.entries(args)) {
    if (isSecretArgument(name, value)) {
      yield {
        severity: 'error',
        path: [...path, name],
        message: 'looks like a secret; every user of a node can read the arguments of its processes',
        hint: 'write {from_env: NAME} or {from_file: PATH}',
        conceal: true,
      };
    }
    if (!isSecretReference(value) || variableOf(owner, name) !== undefined) continue;
    const key = /^(admin-)?api-key$/.test(name.replaceAll('_', '-'));
    const worker = ROLES.some((role) => role === owner);
    yield {
      severity: 'error',
      path: [...path, name],
      at: 'key',
      message:
        worker && key
          ? 'cannot be passed on unseen, and has no effect: it guards SGLang’s own HTTP server, which does not run in a worker of Dynamo'
          : 'cannot be passed on unseen: the program reads it from its arguments alone, which every user of the node can read',
      hint: 'remove it; a secret that a program reads from a variable belongs in `env`',
    };
  }
}
