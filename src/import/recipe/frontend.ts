import type { Findings } from '../finding.ts';
import type { Keys } from '../keys.ts';
import type { FrontendType, RecipeFrontend, RecipeRole } from './recipe.ts';

const HEADER = 'X-Dynamo-Session-ID';

/** What each type runs; schema 1 names some of them after the engine. */
const TYPES: Readonly<Record<string, FrontendType>> = {
  dynamo: 'dynamo',
  sglang: 'sglang-router',
  'sglang-router': 'sglang-router',
  'vllm-router': 'vllm-router',
  vllm: 'none',
  trtllm_serve: 'trtllm-serve',
  'trtllm-serve': 'trtllm-serve',
};

/** The rest of a recipe, as far as its frontends depend on it. */
export interface Around {
  readonly schema: 1 | 2;
  readonly roles: readonly RecipeRole[];
  /** The nodes of workers and services, without dedicated ones. */
  readonly nodes: number;
}

/**
 * The frontends. srt-slurm starts ten behind nginx unless it is told otherwise: nginx on the head node, and the frontends on
 * the others, so that a job of two nodes has one, and a job of one node no nginx.
 */
export function readFrontend(root: Keys, around: Around, findings: Findings): RecipeFrontend {
  const keys = root.section('frontend');
  const type = typeOf(keys, around, findings);
  const several = keys.flag('enable_multiple_frontends');
  const additional = keys.count('num_additional_frontends');
  const asked = (additional?.value ?? 9) + 1;
  const routed = type === 'dynamo' || type === 'sglang-router' || type === 'vllm-router';
  const one = !routed || several?.value === false || around.nodes <= 1;
  const placement = keys.section('placement');
  const node = placement.text('node') ?? keys.text('orchestrator_placement');
  const dedicated = keys.flag('dedicated_node');
  const apart = dedicated?.value
    ? dedicated
    : node && { value: node.value === 'dedicated', entry: node.entry };
  placement.finish();
  if (node && !['head', 'dedicated'].includes(node.value))
    findings.lose(
      node.entry,
      `the frontend runs on the first node, not on ${node.value}`,
      'only its place differs',
    );
  const affinity = keys.flag('nginx_session_affinity');
  const header = keys.text('nginx_session_affinity_header');
  const nginx = keys.text('nginx_container');
  keys.ignore(['nginx_keepalive_timeout', 'nginx_raise_ulimit'], 'dyn-slurm configures nginx itself');
  const file = readFile(keys, type);
  keys.lose(['epp_config', 'worker_selection'], 'has no counterpart in dyn-slurm');
  const image = keys.text('container_image');
  keys.lose(['numa_bind'], 'frontends are not bound to NUMA nodes');
  const args = keys.entries('args');
  const env = keys.entries('env');
  keys.finish();
  if (header && !affinity?.value) findings.note(header.entry, 'has no effect without nginx_session_affinity');
  for (const entry of [several?.value ? several.entry : undefined, additional?.entry])
    if (one && entry) findings.note(entry, `has no effect: ${whyOne(type, routed, around.nodes)}`);
  if (!one && additional && asked > around.nodes - 1)
    findings.note(
      additional.entry,
      `with nginx on the first of ${around.nodes} nodes, srt-slurm starts ${around.nodes - 1} of ${asked} frontends`,
    );
  return {
    type,
    place: keys.place,
    count: one ? 1 : Math.max(1, Math.min(asked, around.nodes - 1)),
    countPlace: additional?.entry ?? several?.entry ?? keys.place,
    dedicated: apart?.value ? apart : undefined,
    affinity: affinity?.value
      ? { header: header?.value ?? HEADER, place: header?.entry ?? affinity.entry }
      : undefined,
    nginx,
    image,
    file,
    args,
    env,
  };
}

function whyOne(type: FrontendType, routed: boolean, nodes: number): string {
  if (!routed) return `there is one ${type === 'none' ? 'worker, which serves by itself' : type}`;
  return nodes <= 1 ? 'a job of one node has one frontend' : 'enable_multiple_frontends is false';
}

/** Other frontends do not read it, in srt-slurm either. */
function readFile(keys: Keys, type: FrontendType): RecipeFrontend['file'] {
  if (type !== 'trtllm-serve') {
    keys.ignore(
      ['ctx_router', 'gen_router', 'server_config_extra'],
      'only the orchestrator of TensorRT-LLM reads it',
    );
    return { prefill: undefined, decode: undefined, more: [] };
  }
  return {
    prefill: keys.take('ctx_router'),
    decode: keys.take('gen_router'),
    more: keys.entries('server_config_extra'),
  };
}

function typeOf(keys: Keys, { schema, roles }: Around, findings: Findings): FrontendType {
  const named = keys.text('type');
  if (named === undefined) return 'dynamo';
  const type = Object.hasOwn(TYPES, named.value) ? TYPES[named.value] : undefined;
  if (type === undefined) {
    findings.refuse(
      named.entry,
      named.value === 'none'
        ? 'a job without a frontend serves no model'
        : `${JSON.stringify(named.value)} is not a frontend that dyn-slurm runs`,
      'it runs dynamo, sglang-router, vllm-router, trtllm-serve, and one worker without a frontend',
    );
    return 'dynamo';
  }
  // Schema 2 took the name for one worker that serves by itself, but recipes of the time between mean the router.
  const [only, ...others] = roles;
  const single = only?.role === 'aggregated' && only.workers === 1 && others.length === 0;
  // One aggregated worker of TensorRT-LLM has no orchestrator before it.
  if (type === 'trtllm-serve' && single) return 'none';
  if (named.value === 'sglang' && schema === 2 && single && keys.map?.entries.get('args') === undefined)
    return 'none';
  if (type === 'none' && !single)
    findings.refuse(
      named.entry,
      'one worker serves by itself, but the recipe has several',
      'use vllm-router or dynamo',
    );
  return type;
}
