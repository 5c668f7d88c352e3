import type { Findings } from '../finding.ts';
import { type Found, isNull, type Keys, spelled } from '../keys.ts';
import type { RecipeBench } from './recipe.ts';

/** What moves requests in ways of its own, by keys that only it reads. */
const MORE = [
  'num_examples',
  'num_shots',
  'max_tokens',
  'num_threads',
  'repeat',
  'max_context_length',
  'categories',
  'temperature',
  'top_p',
  'top_k',
  'num_requests',
  'concurrency',
  'prefix_ratios',
  'mooncake_workload',
  'ttft_threshold_ms',
  'itl_threshold_ms',
  'trace_file',
  'aiperf_package',
  'aiperf_args',
  'threshold',
];

/** The benchmark; undefined where the service just runs (`manual`). */
export function readBench(root: Keys, findings: Findings): RecipeBench | undefined {
  const keys = root.section('benchmark');
  const type = keys.text('type');
  const placement = keys.section('placement');
  const dedicated = keys.flag('client_dedicated_node');
  const node = placement.text('node') ?? keys.text('client_placement');
  placement.finish();
  const apart = dedicated?.value ? dedicated : node?.value === 'dedicated' ? node : undefined;
  // Read with the nodes of frontends and services.
  keys.take('colocate_with_frontend');
  keys.ignore(['sweep', 'stream_output', 'reuse_http_connections'], 'does not change the load');
  keys.lose(['export_node_metrics'], 'dyn-slurm samples metrics of nodes by `observe`');
  keys.lose(['slow_down_sleep_time', 'slow_down_wait_time'], 'the ramp of the load has no counterpart');
  const bench: RecipeBench | undefined = type && {
    place: keys.place,
    type,
    isl: keys.count('isl'),
    osl: keys.count('osl'),
    concurrencies: concurrencies(keys, findings),
    rate: keys.text('req_rate'),
    rangeRatio: keys.number('random_range_ratio'),
    prompts: keys.count('num_prompts_mult'),
    warmup: keys.count('num_warmup_mult'),
    chatTemplate: keys.flag('use_chat_template'),
    tokenizer: keys.text('custom_tokenizer'),
    dataset: keys.text('dataset_name'),
    datasetPath: keys.text('dataset_path'),
    command: keys.text('command'),
    image: keys.text('container_image'),
    node: apart ? undefined : node,
    apart: apart && { value: true, entry: apart.entry },
    env: keys.entries('env'),
    more: MORE.flatMap((key) => keys.take(key) ?? []),
  };
  if (type === undefined && keys.map)
    keys.ignore([...keys.map.entries.keys()], 'has no effect without a type');
  keys.finish();
  if (apart && (type === undefined || type.value === 'manual'))
    findings.lose(apart.entry, 'the job gets no node for a client: the recipe has no benchmark');
  return type?.value === 'manual' ? undefined : bench;
}

/** `"4x8"`, `4`, `[4, 8]`, `["4", "8"]`; an item may itself hold several. */
function concurrencies(keys: Keys, findings: Findings): Found<readonly number[]> | undefined {
  const entry = keys.take('concurrencies');
  if (entry === undefined || isNull(entry.value)) return undefined;
  const items = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  const words = items.flatMap((item) => (item.kind === 'scalar' ? spelled(item).split(/[x,\s]+/) : ['?']));
  const value = words.filter((word) => word !== '').map(Number);
  if (value.length > 0 && value.every((one) => Number.isInteger(one) && one > 0)) return { value, entry };
  findings.lose(entry, 'are not numbers of concurrent requests', 'write bench.concurrencies as [4, 8]');
  return undefined;
}
