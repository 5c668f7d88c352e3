import { isSecretReference, type SecretReference } from '../text/secret.ts';
import type { BenchType } from './bench.ts';
import type { ArgumentValue, Role } from './role.ts';

/** Whose arguments they are. */
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
