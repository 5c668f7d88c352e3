import { FLAG_RENAMES } from '../../config/compat/flag-renames.ts';
import { flagText, type GivenFlag, givenFlags } from '../../config/compat/given-flags.ts';
import { migrationLimit } from '../../config/compat/planes.ts';
import { managed, valueFrom } from '../../config/rules/managed.ts';
import { gpuModel } from '../../config/schema/gpu.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import type { Role, RoleConfig } from '../../config/schema/role.ts';
import { error, keyError, type Problem } from '../../config/yaml/problem.ts';
import { engineOf } from '../../engines/engines.ts';
import { managedSource } from '../../engines/managed.ts';
import { workerSize } from '../sizing.ts';

/**
 * What a role's `args` and `flags` say about flags that dyn-slurm writes itself: the same value is accepted, and not
 * written twice. `perNode` is the site's number of GPUs of a node; without it, the GPU model's.
 */
export function checkManagedArgs(
  role: Role,
  config: RoleConfig,
  job: JobConfig,
  perNode: number | undefined = gpuModel(job.gpu)?.perNode,
): readonly Problem[] {
  const given = givenFlags(role, config);
  const problems: Problem[] = [...checkDuplicateArgs(given, job)];
  // An unknown GPU model is reported where it stands.
  if (perNode === undefined) return problems;
  const computed = computedValues(role, config, job, perNode);
  const engine = engineOf(job, config);
  for (const flag of given) {
    const source = managedSource(engine, flag.name, role, config);
    if (source === undefined) continue;
    const value = valueFrom(source, job, computed);
    if (value !== String(flag.value)) problems.push(managed(flag.path, flagText(flag.name), source, value));
  }
  return problems;
}

/** Values that no field has as they are; undefined where only the running job knows. */
function computedValues(role: Role, config: RoleConfig, job: JobConfig, perNode: number) {
  const { gpus, nodes } = workerSize(role, config, perNode);
  const engine = engineOf(job, config);
  const { tp, pp, dp, ep } = engine.sizes(config, gpus);
  const sizes = { nodes: Math.max(1, nodes), tp, pp, dp, ep };
  return {
    ...engine.managedValues?.({ role, config, gpus, ...engine.sizes(config, gpus), nodes: sizes.nodes }),
    ...Object.fromEntries(Object.entries(sizes).map(([size, value]) => [`${role}.${size}`, String(value)])),
    'the role': engine.mode(role, config, job.dynamo.version) ?? 'null',
    'infra.ports.dist_init': undefined,
    [`${role}.kv_events`]: undefined,
    'dynamo.migration_limit': migrationLimit(job)?.toString(),
    "the job's own etcd": 'etcd',
  };
}

/** Names of one argument in earlier and later releases. */
const RENAMED = FLAG_RENAMES.flatMap(({ was, now }) => {
  const [before, ...further] = Object.keys(was.args ?? {});
  const [after, ...others] = Object.keys(now.args ?? {});
  // One that became two is not the same as either.
  const isOne = before !== undefined && after !== undefined && further.length + others.length === 0;
  return isOne && before !== after ? [{ before, after }] : [];
});

/** One argument under two names, or in `args` and again in `flags`: a command has it once, and which is not plain. */
function* checkDuplicateArgs(given: readonly GivenFlag[], { engine }: JobConfig): Generator<Problem> {
  const inArgs = new Set(given.filter((flag) => flag.in === 'args').map(({ name }) => name));
  for (const { name, path, in: where } of given) {
    if (where === 'flags' && inArgs.has(name)) {
      yield error(path, `${flagText(name)} is already in args`, 'keep one of the two');
    }
    const renamed = RENAMED.find(
      ({ before, after }) => before === name && given.some((other) => other.name === after),
    );
    // Releases in between take both.
    if (renamed && engine.rename) {
      yield keyError(
        path,
        `--${name} is the older name of --${renamed.after}, which is also given`,
        'keep one of the two; null removes a key that the topology sets',
      );
    }
  }
}
