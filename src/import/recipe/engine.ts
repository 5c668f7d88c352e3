import type { ConfigEntry } from '../../config/yaml/tree.ts';
import type { Findings } from '../finding.ts';
import { type Found, isNull, type Keys } from '../keys.ts';
import type { EngineName, RecipeEngine } from './recipe.ts';

export const ENGINES: readonly EngineName[] = ['sglang', 'vllm', 'trtllm', 'mocker'];

/** Settings of the mock engine that its command line takes. */
const KNOBS = [
  'engine_type',
  'speedup_ratio',
  'decode_speedup_ratio',
  'num_gpu_blocks_override',
  'max_num_seqs',
  'max_num_batched_tokens',
  'block_size',
  'data_parallel_size',
  'num_workers',
  'startup_time',
  'kv_transfer_bandwidth',
  'kv_cache_dtype',
  'enable_prefix_caching',
  'enable_chunked_prefill',
  'preemption_mode',
];

/** vLLM's argument for what `dp_launch_mode: per_gpu` does. */
export const RANKS_APART = 'data-parallel-external-lb';

/** Settings that one engine alone has. */
const OWNERS: Readonly<Record<string, EngineName>> = {
  connector: 'vllm',
  allow_prefill_decode_colocation: 'vllm',
  allow_prefill_decode_colocation_across_nodes: 'vllm',
  publish_events_and_metrics: 'trtllm',
  numa_memory_bind: 'trtllm',
  dp_launch_mode: 'vllm',
};

/** The engine by schema 2, `engine: vllm` or a map with `type`, else by schema 1, `backend`; SGLang where neither says. */
export function readEngine(root: Keys, backend: Keys, findings: Findings): Omit<RecipeEngine, 'release'> {
  const entry = root.take('engine');
  const short = entry?.value.kind === 'scalar' && entry.value.value !== null ? entry : undefined;
  const own = entry?.value.kind === 'map' ? root.sectionOf(entry) : undefined;
  const named = short
    ? { value: String(short.value.kind === 'scalar' ? short.value.value : ''), entry: short }
    : (own?.text('type') ?? backend.text('type') ?? roleEngine(root, findings));
  backend.take('type');
  const name = engineName(named, findings);
  const take = <Value>(read: (keys: Keys) => Value | undefined): Value | undefined =>
    (own && read(own)) ?? read(backend);
  const colocation = {
    allowed: take((keys) => keys.flag('allow_prefill_decode_colocation')),
    acrossNodes: take((keys) => keys.flag('allow_prefill_decode_colocation_across_nodes')),
  };
  const engine = {
    name,
    place: named?.entry ?? entry ?? backend.place,
    servedName: take((keys) => keys.text('served_model_name')),
    connector: take(connector),
    colocation: name === 'vllm' ? colocation : { allowed: undefined, acrossNodes: undefined },
    ranksApart: take((keys) => launchMode(keys, name, findings)),
    publishes: take((keys) => keys.flag('publish_events_and_metrics')),
    numa: take((keys) => numa(keys, findings)),
    knobs: name === 'mocker' ? KNOBS.flatMap((key) => take((keys) => keys.take(key)) ?? []) : [],
  };
  for (const keys of own ? [own, backend] : [backend]) {
    for (const [key, owner] of Object.entries(OWNERS)) {
      const entry = keys.map?.entries.get(key);
      if (entry && !isNull(entry.value) && owner !== name)
        findings.note(entry, `is a setting of ${owner}, so it has no effect`);
    }
    keys.ignore(['gpu_type'], 'only names the GPUs');
    keys.ignore(
      ['set_cuda_visible_devices', 'set_visible_devices'],
      'dyn-slurm sets CUDA_VISIBLE_DEVICES where a worker has a part of a node',
    );
    keys.lose(['sequential_node_start'], 'workers on one node start all at once');
    keys.lose(['failover'], 'engine failover is not supported', 'set restart for the role instead');
    keys.ignore(
      ['publish_metrics', 'enable_iter_perf_stats'],
      'workers publish metrics of the engine only with --publish-metrics in the flags of a role',
    );
    keys.lose(['numa_cpu_bind'], 'CPUs are not bound as the recipe asks', 'set numa for the role');
    if (keys === own) keys.finish();
  }
  return engine;
}

/**
 * How the data parallel ranks of a vLLM worker are launched: srt-slurm has `per_node`, and `per_gpu`, which it deprecates, and
 * for which this gives the place.
 */
function launchMode(keys: Keys, engine: EngineName, findings: Findings): ConfigEntry | undefined {
  const mode = keys.text('dp_launch_mode');
  if (mode === undefined || engine !== 'vllm') return undefined;
  if (mode.value === 'per_gpu') return mode.entry;
  findings.note(mode.entry, 'dyn-slurm starts one process a node, which is what per_node means');
  return undefined;
}

function engineName(named: Found<string> | undefined, findings: Findings): EngineName {
  if (named === undefined) return 'sglang';
  const found = ENGINES.find((name) => name === named.value.toLowerCase());
  if (found !== undefined) return found;
  findings.refuse(
    named.entry,
    `${JSON.stringify(named.value)} is not an engine that dyn-slurm runs`,
    `it runs ${ENGINES.join(', ')}`,
  );
  return 'sglang';
}

/** `roles.*.engine`, which has to be the same in all: one job has one engine. */
function roleEngine(root: Keys, findings: Findings): Found<string> | undefined {
  const roles = root.map?.entries.get('roles')?.value;
  const named = (roles?.kind === 'map' ? [...roles.entries.values()] : []).flatMap(({ value }) => {
    const entry = value.kind === 'map' ? value.entries.get('engine') : undefined;
    return entry?.value.kind === 'scalar' && entry.value.value !== null
      ? [{ value: String(entry.value.value), entry }]
      : [];
  });
  const [first] = named;
  const other = named.find(({ value }) => value !== first?.value);
  if (other)
    findings.refuse(
      other.entry,
      `is ${other.value}, but ${first?.value} on line ${first?.entry.range.line}: one job has one engine`,
    );
  return first;
}

function connector(keys: Keys): Found<string | null> | undefined {
  const entry: ConfigEntry | undefined = keys.take('connector');
  if (entry === undefined) return undefined;
  if (isNull(entry.value)) return { value: null, entry };
  return keys.text('connector');
}

/** `true` binds to the first two NUMA nodes, `local` to that of each task's GPU. */
function numa(keys: Keys, findings: Findings): Found<boolean> | undefined {
  const entry = keys.take('numa_memory_bind');
  if (entry?.value.kind !== 'scalar' || entry.value.value !== 'local') return keys.flag('numa_memory_bind');
  findings.lose(
    entry,
    "memory is not bound to the NUMA node of each task's GPU",
    'numa: true of a role binds it to the first two NUMA nodes',
  );
  return undefined;
}
