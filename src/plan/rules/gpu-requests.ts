import { type DirectiveValue, directiveOptions, sbatchOption } from '../../config/compat/sbatch-options.ts';
import type { ClusterProfile } from '../../config/schema/cluster-schema.ts';
import { GPUS } from '../../config/schema/gpu.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import { count } from '../../config/text/plural.ts';
import { error, keyError, type Problem, warning } from '../../config/yaml/problem.ts';
import type { Placement } from '../placement.ts';

/**
 * A job asks for its GPUs in one way: Slurm adds up what two options ask for, or refuses them. Where the site leaves that to
 * the config (`gpu_directive: none`), what the config asks for has to fit the plan.
 */
export function* checkGpuRequests(
  job: JobConfig,
  cluster: ClusterProfile,
  placement: Placement,
): Generator<Problem> {
  const given = Object.entries(job.slurm.directives).flatMap(([name, value]) => {
    const found = sbatchOption(name);
    const request = 'ambiguous' in found ? undefined : gpuRequest(found.option, value);
    return request === undefined ? [] : [{ name, value, request }];
  });
  const numbers = placement.workers.flatMap(({ gpus }) => gpus.map((gpu) => gpu + 1));
  const { nodes, gpusPerNode: perNode } = placement;
  const need = { nodes, perNode, least: Math.max(0, ...numbers) };
  if (cluster.gpu_directive !== 'none') {
    for (const { name, request } of given) yield second(name, request, cluster, need);
    return;
  }
  if (given.length === 0 && !job.slurm.exclusive && need.least > 0) yield none(need, job);
  for (const { name, value, request } of given) yield* compare(name, value, request, need, job);
}

interface Need {
  readonly nodes: number;
  /** GPUs of a node, as the plan counts them. */
  readonly perNode: number;
  /** The fewest GPUs of the fullest node: one more than the highest number that a worker has there. */
  readonly least: number;
}

function second(name: string, { types }: GpuRequest, cluster: ClusterProfile, { perNode }: Need): Problem {
  const type = cluster.gpu_type === undefined ? '' : `${cluster.gpu_type}:`;
  const own =
    cluster.gpu_directive === 'gres' ? `--gres=gpu:${type}${perNode}` : `--gpus-per-node=${type}${perNode}`;
  const [wanted] = types.filter((one) => one !== cluster.gpu_type);
  return keyError(
    ['slurm', 'directives', name],
    `requests GPUs, which dyn-slurm already requests with ${own}`,
    wanted === undefined
      ? 'remove it, or set gpu_directive: none in the cluster profile'
      : `remove it, and set gpu_type: ${wanted} in the cluster profile; or set gpu_directive: none there`,
  );
}

/** sbatch gives a job without a request no GPU at all, and all of a node's only with `--exclusive`. */
function none({ perNode }: Need, { gpu }: JobConfig): Problem {
  return keyError(
    ['slurm'],
    `no GPUs are requested: the cluster profile has gpu_directive: none, and without --exclusive Slurm allocates only what a job requests`,
    `request them in slurm.directives, such as \`gres: gpu:${gpu === 'any' ? '' : `${gpu}:`}${perNode}\`; or keep slurm.exclusive: true, which allocates all GPUs of the nodes`,
  );
}

function* compare(
  name: string,
  value: DirectiveValue,
  { of, count: amount, types }: GpuRequest,
  need: Need,
  job: JobConfig,
): Generator<Problem> {
  const path = ['slurm', 'directives', name];
  const sockets = socketsOf(job);
  const { nodes, perNode, least } = need;
  const [asked, wanted, most, of_] =
    of === 'job'
      ? [amount, least * nodes, perNode * nodes, `the ${count(nodes, 'node')} of the plan`]
      : [amount * (of === 'socket' ? (sockets ?? 1) : 1), least, perNode, 'a node of the plan'];
  if (of === 'socket' && sockets === undefined) {
    if (perNode % amount === 0) return;
    yield error(
      path,
      `requests ${count(amount, 'GPU')} per socket, but a node has ${perNode} GPUs, which is not a multiple of that`,
      `request ${perNode} per node instead: \`gpus-per-node: ${perNode}\``,
    );
    return;
  }
  if (asked < wanted || asked > most) {
    const plural = of === 'job' && nodes > 1;
    const has =
      asked < wanted ? `${plural ? 'need' : 'needs'} ${wanted}` : `${plural ? 'have' : 'has'} ${most}`;
    yield error(
      path,
      `requests ${count(asked, 'GPU')}, but ${of_} ${has}`,
      `write ${corrected(String(value), amount, of === 'job' ? most : perNode)}`,
    );
  }
  const other = types.find((type) => Object.hasOwn(GPUS, type) && type !== job.gpu && job.gpu !== 'any');
  if (other !== undefined) {
    yield warning(
      path,
      `requests GPUs of type ${other}, but \`gpu\` is ${job.gpu}`,
      'correct one of the two',
    );
  }
}

function socketsOf(job: JobConfig): number | undefined {
  const sockets = Number(directiveOptions(job.slurm.directives).get('sockets-per-node'));
  return Number.isInteger(sockets) && sockets > 0 ? sockets : undefined;
}

/** The value with the right number, where it holds but one. */
function corrected(value: string, amount: number, right: number): string {
  const numbers = value.match(new RegExp(`(?<=^|[:=])${amount}(?=$|[,(])`, 'g')) ?? [];
  return numbers.length === 1
    ? value.replace(new RegExp(`(?<=^|[:=])${amount}(?=$|[,(])`), String(right))
    : `a request for ${count(right, 'GPU')}`;
}

/** GPUs that one option of a job asks for. */
export interface GpuRequest {
  /** What the number counts: GPUs of a node, of the whole job, or of a socket. */
  readonly of: 'node' | 'job' | 'socket';
  readonly count: number;
  /** The GPU types that it names, as a site's gres.conf does. */
  readonly types: readonly string[];
}

/** The job has one task a node, so a number for each task is one for each node. */
const OPTIONS: ReadonlyMap<string, { readonly of: GpuRequest['of']; readonly mixed: boolean }> = new Map([
  ['gpus', { of: 'job', mixed: false }],
  ['gpus-per-node', { of: 'node', mixed: false }],
  ['gpus-per-task', { of: 'node', mixed: false }],
  ['gpus-per-socket', { of: 'socket', mixed: false }],
  ['gres', { of: 'node', mixed: true }],
  ['tres-per-job', { of: 'job', mixed: true }],
  ['tres-per-node', { of: 'node', mixed: true }],
  ['tres-per-socket', { of: 'socket', mixed: true }],
  ['tres-per-task', { of: 'node', mixed: true }],
]);

/**
 * What an option asks of GPUs; undefined where it asks for none. `gres` and `tres-…` list other things too. A number may
 * stand after `:` or `=`, and after a type; without one, it is 1. `(S:0-1)` at the end names sockets.
 */
function gpuRequest(option: string, value: DirectiveValue): GpuRequest | undefined {
  const form = OPTIONS.get(option);
  if (form === undefined) return undefined;
  const items = split(String(value)).flatMap((item) => {
    const text = item.replace(/\([^)]*\)$/, '').replace(/^gres[:/]/, '');
    if (!form.mixed) return [text.replace(/^gpu[:=]/, '')];
    return /^gpu(?=$|[:=])/.test(text) ? [text.slice('gpu'.length + 1)] : [];
  });
  if (items.length === 0) return undefined;
  const parts = items.map((item) => {
    const [, type = '', number] = /^(.*?)(?:(?:^|[:=])(\d+))?$/.exec(item) ?? [];
    return { type, count: number === undefined ? 1 : Number(number) };
  });
  return {
    of: form.of,
    count: parts.reduce((sum, { count }) => sum + count, 0),
    types: parts.flatMap(({ type }) => (type === '' ? [] : [type])),
  };
}

/** At commas, but not at those of sockets: `gpu:h100:4(S:0,1),nvme`. */
function split(list: string): readonly string[] {
  return list.split(/,(?![^(]*\))/).map((item) => item.trim());
}
