import { givenFlags } from '../../config/compat/given-flags.ts';
import { checkDuplicateArgs } from '../../config/rules/duplicate-args.ts';
import { managed } from '../../config/rules/managed.ts';
import { gpuModel } from '../../config/schema/gpu.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import type { Role, RoleConfig } from '../../config/schema/role.ts';
import type { Problem } from '../../config/yaml/problem.ts';
import { disaggregationMode } from '../disaggregation.ts';
import { migrationLimit } from '../migration.ts';
import { parallelism, workerSize } from '../sizing.ts';

/** What a flag's value follows from. */
interface Context {
  readonly role: Role;
  readonly config: RoleConfig;
  readonly job: JobConfig;
  readonly perNode: number;
}

/** A flag of a worker that dyn-slurm writes itself. */
interface ManagedFlag {
  /** All spellings, without leading dashes. */
  readonly names: readonly string[];
  /** Where its value comes from: a field's path, `ROLE` for the role, or words. */
  readonly from: string;
  /** The value as text; undefined while the field is not set. Without this, only the running job knows. */
  readonly value?: (context: Context) => string | undefined;
  /** Workers that it is written for; all without this. */
  readonly only?: (role: Role, config: RoleConfig) => boolean;
}

/** Spellings: SGLang's `server_args.py` from 0.4.9 to 0.5.23, `dynamo/sglang` of the wheels 0.4.0 to 1.6.1. */
const MANAGED: readonly ManagedFlag[] = [
  { names: ['model-path', 'model'], from: 'model.path', value: ({ job }) => job.model.path },
  { names: ['served-model-name'], from: 'model.served_name', value: ({ job }) => job.model.served_name },
  { names: ['dist-init-addr', 'nccl-init-addr'], from: 'infra.ports.dist_init' },
  { names: ['nccl-port'], from: 'infra.ports.dist_init' },
  { names: ['node-rank'], from: 'the rank of the task' },
  { names: ['nnodes'], from: 'ROLE.nodes', value: (context) => String(sizes(context).nodes) },
  {
    names: ['disaggregation-mode'],
    from: 'the role',
    value: ({ role, config, job }) => disaggregationMode(role, config, job.dynamo.version) ?? 'null',
  },
  {
    names: ['disaggregation-bootstrap-port'],
    from: 'infra.ports.bootstrap',
    value: ({ job }) => String(job.infra.ports.bootstrap),
    only: (role) => role === 'prefill' || role === 'decode',
  },
  {
    names: ['tp-size', 'tensor-parallel-size', 'tp'],
    from: 'ROLE.tp',
    value: (context) => String(sizes(context).tp),
  },
  {
    names: ['pp-size', 'pipeline-parallel-size', 'pp'],
    from: 'ROLE.pp',
    value: (context) => String(sizes(context).pp),
  },
  {
    names: ['dp-size', 'data-parallel-size', 'dp', 'attn-dp-size', 'attention-data-parallel-size'],
    from: 'ROLE.dp',
    value: (context) => String(sizes(context).dp),
  },
  {
    names: ['ep-size', 'expert-parallel-size', 'ep'],
    from: 'ROLE.ep',
    value: (context) => String(sizes(context).ep),
  },
  { names: ['kv-events-config'], from: 'ROLE.kv_events', only: (_, config) => config.kv_events },
  { names: ['endpoint'], from: 'ROLE.endpoint', value: ({ config }) => config.endpoint },
  { names: ['namespace'], from: 'dynamo.namespace', value: ({ job }) => job.dynamo.namespace },
  {
    names: ['dyn-tool-call-parser'],
    from: 'dynamo.tool_call_parser',
    value: ({ job }) => job.dynamo.tool_call_parser,
  },
  {
    names: ['dyn-reasoning-parser'],
    from: 'dynamo.reasoning_parser',
    value: ({ job }) => job.dynamo.reasoning_parser,
  },
  {
    names: ['custom-jinja-template'],
    from: 'dynamo.custom_jinja_template',
    value: ({ job }) => job.dynamo.custom_jinja_template,
  },
  {
    names: ['use-sglang-tokenizer'],
    from: 'dynamo.sglang_tokenizer',
    value: ({ job }) => job.dynamo.sglang_tokenizer?.toString(),
  },
  {
    names: ['migration-limit'],
    from: 'dynamo.migration_limit',
    value: ({ job }) => migrationLimit(job)?.toString(),
  },
  { names: ['request-plane'], from: 'infra.request_plane', value: ({ job }) => job.infra.request_plane },
  { names: ['event-plane'], from: 'infra.event_plane', value: ({ job }) => job.infra.event_plane },
  { names: ['discovery-backend'], from: "the job's own etcd", value: () => 'etcd' },
];

/** Whether a flag, by its name with dashes, is dyn-slurm's to write for these workers. */
export function isManaged(name: string, role: Role, config: RoleConfig): boolean {
  return managedFlag(name, role, config) !== undefined;
}

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
  const problems: Problem[] = [...checkDuplicateArgs(given)];
  // An unknown GPU model is reported where it stands.
  if (perNode === undefined) return problems;
  for (const flag of given) {
    const rule = managedFlag(flag.name, role, config);
    if (!rule) continue;
    const value = rule.value?.({ role, config, job, perNode });
    if (value !== undefined && String(flag.value) === value) continue;
    problems.push(managed(flag.path, `--${flag.name}`, rule.from.replace('ROLE', role), value));
  }
  return problems;
}

function managedFlag(name: string, role: Role, config: RoleConfig): ManagedFlag | undefined {
  const rule = MANAGED.find(({ names }) => names.includes(name));
  return rule?.only && !rule.only(role, config) ? undefined : rule;
}

function sizes({ role, config, perNode }: Context): Record<'nodes' | 'tp' | 'pp' | 'dp' | 'ep', number> {
  const { gpus, nodes } = workerSize(role, config, perNode);
  return { ...parallelism(config, gpus), nodes: Math.max(1, nodes) };
}
