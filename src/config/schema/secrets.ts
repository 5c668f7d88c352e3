import type * as z from 'zod';
import { setupsOf } from '../setup.ts';
import {
  holdsSecretWord,
  isSecretArgument,
  isSecretReference,
  namesSecretVariable,
  type SecretReference,
  secretTexts,
  secretWords,
} from '../text/secret.ts';
import { error, type Problem } from '../yaml/problem.ts';
import type { ConfigPath } from '../yaml/source-range.ts';
import type { BenchConfig, BenchType } from './bench.ts';
import { type ArgumentValue, ROLES, type Role, type RoleConfig } from './role.ts';
import type { frontend, infra } from './sections.ts';
import type { SetupConfig } from './setup.ts';

/** Owner of the arguments. */
export type ArgumentOwner = Role | 'frontend' | 'etcd' | BenchType;

/**
 * The variable by which a program takes what an argument of it would hold: the only way for a secret, since every user of a
 * node can read the arguments of its processes. Of the libraries of Hugging Face, `sglang.bench_serving` 0.5.9 and
 * `vllm bench serve` 0.8.5. Dynamo's workers and frontends have no other argument for a key: SGLang's own server, whose `--api-key` and
 * `--admin-api-key` are, does not run in them, and it would print both into the log at its start.
 */
export function variableOf(owner: ArgumentOwner, argument: string): string | undefined {
  const name = argument.replaceAll('_', '-');
  if (owner === 'etcd') return undefined;
  if (/^(hf|hub|huggingface)-token$/.test(name)) return 'HF_TOKEN';
  return (owner === 'sglang' || owner === 'vllm') && name === 'api-key' ? 'OPENAI_API_KEY' : undefined;
}

/** Arguments without those that refer to secrets, and these by the variables that take their place. */
export function withoutSecrets(
  owner: ArgumentOwner,
  given: Readonly<Record<string, ArgumentValue>>,
): {
  readonly args: Readonly<Record<string, ArgumentValue>>;
  readonly variables: Readonly<Record<string, SecretReference>>;
} {
  const args: Record<string, ArgumentValue> = {};
  const variables: Record<string, SecretReference> = {};
  for (const [name, value] of Object.entries(given)) {
    const variable = isSecretReference(value) ? variableOf(owner, name) : undefined;
    if (isSecretReference(value) && variable !== undefined) variables[variable] = value;
    else args[name] = value;
  }
  return { args, variables };
}

/** What is known of a job before its schema is whole. */
interface Owners extends Partial<Record<Role, RoleConfig | undefined>> {
  readonly frontend: z.output<typeof frontend>;
  readonly infra: z.output<typeof infra>;
  readonly bench?: BenchConfig | undefined;
  readonly setup?: SetupConfig | undefined;
}

/** Refuses a config in which any text, wherever it goes, holds a secret by its form or by its name. */
export function refuseSecrets(job: Owners, context: z.RefinementCtx): void {
  const said = new Set<string>();
  for (const { path, message, hint } of found(job)) {
    const at = JSON.stringify(path);
    // It may look like a secret in more than one way.
    if (said.has(at)) continue;
    said.add(at);
    context.addIssue({
      code: 'custom',
      path: [...path],
      message,
      params: { conceal: true, ...(hint && { hint }) },
    });
  }
}

function* found(job: Owners): Generator<Problem> {
  for (const path of secretTexts(job)) yield whyNot(path);
  for (const [, path, args] of argumentsOf(job)) {
    for (const [name, value] of Object.entries(args))
      if (isSecretArgument(name, value)) yield whyNot([...path, name]);
  }
  for (const owner of [...ROLES, 'frontend', 'bench'] as const) {
    for (const [name, value] of Object.entries(job[owner]?.env ?? {}))
      if (namesSecretVariable(name) && typeof value !== 'object' && value !== '')
        yield whyNot([owner, 'env', name]);
  }
  for (const role of ROLES)
    for (const index of secretWords(job[role]?.flags ?? [])) yield whyNot([role, 'flags', index]);
  for (const [path, { commands = [] }] of setupsOf(job))
    for (const [index, command] of commands.entries())
      if (holdsSecretWord(command)) yield whyNot([...path, 'commands', index]);
  for (const key of ['command', 'program'] as const)
    if (holdsSecretWord(job.bench?.[key] ?? '')) yield whyNot(['bench', key]);
}

/** What to say of a secret at a path, by who could read it there. */
function whyNot(path: ConfigPath): Problem {
  const [section, field, name] = path;
  if (field === 'env') {
    const instead = `{from_env: ${String(name)}} or {from_file: PATH}`;
    return error(path, `looks like a secret, which a config must not contain; write ${instead}`);
  }
  if (field === 'flags')
    return error(path, 'looks like a secret; every user of a node can read the words of its commands');
  const commands = path.indexOf('commands');
  if (commands >= 0)
    return error(
      path,
      'looks like a secret; every user of a node can read the words of its commands',
      'name it in `env` as {from_env: NAME}, and write "$NAME" in the command',
    );
  const args = path.indexOf('args');
  if (args >= 0) {
    const message = 'looks like a secret; every user of a node can read the arguments of its processes';
    return error(path.slice(0, args + 2), message, 'write {from_env: NAME} or {from_file: PATH}');
  }
  const readers = {
    slurm: 'which Slurm shows to every user of the cluster',
    bench:
      'which every user of the node could read in the command; name it in bench.env as {from_env: NAME}, and write "$NAME" in bench.command',
    container:
      field === 'image'
        ? 'which every user of the nodes could read; enroot reads credentials from ~/.config/enroot/.credentials'
        : 'which every user of the nodes could read in the command of each step',
  }[String(section)];
  const any = 'which a config must not contain: its text goes into commands and files of the job';
  return error(path, `looks like a secret, ${readers ?? any}`);
}

type Owned = readonly [ArgumentOwner, ConfigPath, Readonly<Record<string, ArgumentValue>>];

/** The arguments of a job by whose they are, with their paths. */
export function argumentsOf(job: Owners): readonly Owned[] {
  return [
    ...ROLES.map((role): Owned => [role, [role, 'args'], job[role]?.args ?? {}]),
    ['frontend', ['frontend', 'args'], job.frontend.args],
    ['etcd', ['infra', 'etcd', 'args'], job.infra.etcd.args],
    ...(job.bench ? [[job.bench.type, ['bench', 'args'], job.bench.args] satisfies Owned] : []),
  ];
}
