import type { JobConfig } from '../../config/schema/job-schema.ts';
import { type Role, type RoleConfig, rolesOf } from '../../config/schema/role.ts';
import { count } from '../../config/text/plural.ts';
import { error, type Problem, warning } from '../../config/yaml/problem.ts';
import { ATTENTION_DP, type Parallelism, parallelism, usesDpAttention, workerSize } from '../sizing.ts';

/**
 * Parallel sizes fit the GPUs of a worker and SGLang's own assertions: `check_server_args` and
 * `_handle_data_parallelism` of python/sglang/srt/server_args.py (0.5), which say no more than "assert" in a
 * worker's log.
 */
export function* checkParallelism(job: JobConfig, perNode: number): Generator<Problem> {
  for (const [role, config] of rolesOf(job)) {
    const { gpus, nodes } = workerSize(role, config, perNode);
    if (gpus > 0) yield* checkWorker(role, config, gpus, Math.max(1, nodes));
  }
}

function* checkWorker(role: Role, config: RoleConfig, gpus: number, nodes: number): Generator<Problem> {
  const sizes = parallelism(config, gpus);
  let fits = true;
  for (const kind of ['tp', 'dp', 'ep'] as const) {
    const outside = checkRange(role, config, kind, sizes[kind], gpus);
    if (!outside) continue;
    fits = false;
    yield outside;
  }
  if (!fits) return;
  if (sizes.busy > gpus) {
    yield error(
      blamed(role, config),
      `${product(config, sizes)} needs ${sizes.busy} GPUs, but each ${role} worker has ${gpus}`,
      dpHint(config, sizes) ?? 'lower a size, or give each worker more nodes or GPUs',
    );
    return;
  }
  if (sizes.busy < gpus) {
    yield warning(
      blamed(role, config),
      `${product(config, sizes)} uses ${sizes.busy} of the ${gpus} GPUs of each ${role} worker; ${gpus - sizes.busy} stay idle`,
    );
  }
  yield* checkNodes(role, config, sizes, nodes);
  yield* checkDp(role, config, sizes, nodes);
  if (sizes.tp % sizes.ep !== 0) {
    yield error(
      [role, 'ep'],
      `ep ${sizes.ep} does not divide tp ${sizes.tp}: experts are spread over the tensor parallel ranks`,
    );
  }
}

/** `enable-dp-attention` where a config or a topology gives it. */
function attentionFlag(role: Role, config: RoleConfig) {
  const name = Object.keys(config.args).find((key) => key.replaceAll('_', '-') === 'enable-dp-attention');
  return name === undefined ? undefined : { path: [role, 'args', name], value: config.args[name] };
}

function checkRange(
  role: Role,
  config: RoleConfig,
  kind: 'tp' | 'dp' | 'ep',
  size: number,
  gpus: number,
): Problem | undefined {
  if (size >= 1 && size <= gpus) return undefined;
  const given = config[kind];
  const named = typeof given === 'string' ? `${given} is ${size}` : `${kind} is ${size}`;
  return error(
    [role, kind],
    `${named}, but each ${role} worker has ${count(gpus, 'GPU')}`,
    'give each worker more nodes or GPUs, or another size',
  );
}

/** Every node of a worker runs the same number of ranks. */
function* checkNodes(role: Role, config: RoleConfig, sizes: Parallelism, nodes: number): Generator<Problem> {
  const ranks = sizes.tp * sizes.pp;
  if (ranks % nodes === 0) return;
  // Published recipes set aside a few GPUs as `gpus-2`, whatever the number of nodes: theirs is a warning.
  const published = typeof config.tp === 'string' && config.tp !== 'gpus';
  yield {
    severity: published ? 'warning' : 'error',
    path: blamed(role, config),
    message: `SGLang needs tp × pp (${ranks}) to divide by the ${nodes} nodes of each ${role} worker`,
    hint: `use a multiple of ${nodes}`,
  };
}

function* checkDp(role: Role, config: RoleConfig, sizes: Parallelism, nodes: number): Generator<Problem> {
  if (usesDpAttention(config)) {
    if (sizes.dp === 1) {
      yield warning([role], 'SGLang ignores enable-dp-attention while dp is 1', 'set dp, often to `gpus`');
    } else if (sizes.tp % sizes.dp !== 0) {
      const name = Object.keys(config.args).find((key) => ATTENTION_DP.includes(key.replaceAll('_', '-')));
      yield error(
        config.dp !== undefined || name === undefined ? [role, 'dp'] : [role, 'args', name],
        config.dp !== undefined || name === undefined
          ? `with DP attention, dp ${sizes.dp} must divide tp ${sizes.tp}`
          : `${name} ${sizes.dp} must divide tp ${sizes.tp}`,
      );
    }
    return;
  }
  if (sizes.dp > 1 && nodes > 1) {
    yield error(
      attentionFlag(role, config)?.path ?? [role, 'dp'],
      `SGLang spreads data parallel ranks over ${nodes} nodes only with enable-dp-attention`,
      `set \`enable-dp-attention: true\` in ${role}.args, or use more workers instead of dp`,
    );
  }
}

/** What to look at: a flag that was switched off, or the first size that the user or the topology gave. */
function blamed(role: Role, config: RoleConfig): readonly string[] {
  const flag = attentionFlag(role, config);
  if (flag?.value === false && config.dp !== undefined) return flag.path;
  const given = (['tp', 'pp', 'dp'] as const).find((kind) => config[kind] !== undefined);
  return given === undefined ? [role] : [role, given];
}

function product(config: RoleConfig, { tp, pp, dp }: Parallelism): string {
  const factors = [`tp ${tp}`];
  if (pp > 1) factors.push(`pp ${pp}`);
  if (dp > 1 && !usesDpAttention(config)) factors.push(`dp ${dp}`);
  return factors.join(' × ');
}

function dpHint(config: RoleConfig, { tp, pp, dp }: Parallelism): string | undefined {
  if (dp === 1 || usesDpAttention(config) || tp % dp !== 0 || pp > 1) return undefined;
  return 'set `enable-dp-attention: true` in args if dp is to split the tensor parallel ranks instead of adding GPUs';
}
