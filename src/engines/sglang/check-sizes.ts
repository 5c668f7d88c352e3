import { error, type Problem, warning } from '../../config/yaml/problem.ts';
import type { SizedWorker } from '../engine.ts';
import { idleUse } from '../world-size.ts';
import { ATTENTION_DP, usesDpAttention } from './sizes.ts';

/** `attention`: DP attention. */
interface Sized extends SizedWorker {
  readonly attention: boolean;
}

/**
 * Sizes fit the GPUs and SGLang's own assertions: `check_server_args` and `_handle_data_parallelism` of
 * python/sglang/srt/server_args.py (0.5), which say no more than "assert" in a worker's log.
 */
export function checkSizes(worker: SizedWorker): Iterable<Problem> {
  return checkWorker({ ...worker, attention: usesDpAttention(worker.config) });
}

function* checkWorker(worker: Sized): Generator<Problem> {
  const { role, gpus, busy, tp, ep } = worker;
  if (busy > gpus) {
    yield error(
      blamed(worker),
      `${product(worker)} needs ${busy} GPUs, but each ${role} worker has ${gpus}`,
      dpHint(worker) ?? 'lower a size, or give each worker more nodes or GPUs',
    );
    return;
  }
  if (busy < gpus) yield warning(blamed(worker), `${product(worker)} ${idleUse(worker)}`);
  yield* checkNodes(worker);
  yield* checkDp(worker);
  if (tp % ep !== 0) {
    const message = `ep ${ep} does not divide tp ${tp}: experts are spread over the tensor parallel ranks`;
    yield error([role, 'ep'], message);
  }
}

/** An argument by its names with dashes, as the config or the topology spells it. */
function spelled({ role, config }: Sized, names: readonly string[]): readonly string[] | undefined {
  const name = Object.keys(config.args).find((key) => names.includes(key.replaceAll('_', '-')));
  return name === undefined ? undefined : [role, 'args', name];
}

const SWITCH = ['enable-dp-attention'];

/**
 * Every node of a worker runs the same number of ranks, and whole stages or a part of one: `_calculate_rank_ranges` of
 * entrypoints/engine.py.
 */
function* checkNodes(worker: Sized): Generator<Problem> {
  const { role, config, tp, pp, nodes } = worker;
  if ((tp * pp) % nodes !== 0) {
    // Published recipes set aside a few GPUs as `gpus-2`, whatever the number of nodes: theirs is a warning.
    const problem = typeof config.tp === 'string' && config.tp !== 'gpus' ? warning : error;
    yield problem(
      blamed(worker),
      `SGLang needs tp × pp (${tp * pp}) to divide by the ${nodes} nodes of each ${role} worker`,
      `use a multiple of ${nodes}`,
    );
  } else if (pp % nodes !== 0 && nodes % pp !== 0) {
    yield error(
      [role, 'pp'],
      `is ${pp}, but SGLang puts whole stages on a node, or a stage on whole nodes, and each ${role} worker has ${nodes} nodes`,
      `use a multiple of ${nodes}, or a number that divides it`,
    );
  }
}

function* checkDp(worker: Sized): Generator<Problem> {
  const { role, config, tp, dp, nodes, attention } = worker;
  if (attention && dp === 1) {
    yield warning([role], 'SGLang ignores enable-dp-attention while dp is 1', 'set dp, often to `gpus`');
  } else if (attention && tp % dp !== 0) {
    const path = config.dp === undefined ? spelled(worker, ATTENTION_DP) : undefined;
    const size = path === undefined ? `with DP attention, dp ${dp}` : `${path.at(-1)} ${dp}`;
    yield error(path ?? [role, 'dp'], `${size} must divide tp ${tp}`);
  } else if (!attention && dp > 1 && nodes > 1) {
    yield error(
      spelled(worker, SWITCH) ?? [role, 'dp'],
      `SGLang spreads data parallel ranks over ${nodes} nodes only with enable-dp-attention`,
      `set \`enable-dp-attention: true\` in ${role}.args, or use more workers instead of dp`,
    );
  }
}

/** What to look at: a flag that was switched off, or the first size that the user or the topology gave. */
function blamed(worker: Sized): readonly string[] {
  const { role, config } = worker;
  const off = spelled(worker, SWITCH);
  if (off && config.args[off.at(-1) ?? ''] === false && config.dp !== undefined) return off;
  const given = (['tp', 'pp', 'dp'] as const).find((kind) => config[kind] !== undefined);
  return given === undefined ? [role] : [role, given];
}

function product({ tp, pp, dp, attention }: Sized): string {
  const factors = [`tp ${tp}`];
  if (pp > 1) factors.push(`pp ${pp}`);
  if (dp > 1 && !attention) factors.push(`dp ${dp}`);
  return factors.join(' × ');
}

function dpHint({ tp, pp, dp, attention }: Sized): string | undefined {
  if (dp === 1 || attention || tp % dp !== 0 || pp > 1) return undefined;
  return 'set `enable-dp-attention: true` in args if dp is to split the tensor parallel ranks instead of adding GPUs';
}
