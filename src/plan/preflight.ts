import { hostPath } from '../config/expectations.ts';
import type { Job } from '../config/job.ts';
import { gpuModel } from '../config/schema/gpu.ts';
import { isInContainer, programsOf } from './container.ts';
import { cachedImage, imageFile } from './image.ts';
import { modelCheck } from './model.ts';
import type { Check, NodeIndex, Plan, Port, Process } from './plan.ts';
import { portRange } from './ports.ts';
import { usesLocalDir } from './word.ts';

/** The part of a plan that the checks are made from. */
type Checked = Pick<Plan, 'nodes' | 'gpus' | 'workers' | 'steps' | 'processes'>;

/** Everything that nodes are asked before the job starts anything on them; nothing where preflight is off. */
export function preflightChecks(job: Job, plan: Checked): readonly Check[] {
  if (!job.health.preflight) return [];
  const { processes } = plan;
  const nodesOf = (wanted: (process: Process) => boolean): readonly NodeIndex[] =>
    plan.nodes
      .map(({ index }) => index)
      .filter((node) => processes.some((one) => one.nodeIndex === node && wanted(one)));
  const models = nodesOf(({ kind }) => kind === 'worker' || kind === 'frontend');
  const inContainers = new Set(plan.steps.filter((step) => step.contained).map(({ name }) => name));
  const contained = nodesOf(({ name }) => inContainers.has(name));
  const model = modelCheck(job);
  const checks: Check[] = [
    ...gpuChecks(plan),
    ...(model ? [{ nodes: models, words: ['model', ...model] }] : []),
    ...readable('the chat template', job.dynamo.custom_jinja_template, models),
    ...expectations(job, plan, nodesOf),
    ...readable('the container image', imageFile(job), contained),
    ...readable('the image cache', cachedImage(job) && job.cluster.image_cache, contained),
    ...programChecks(job, plan),
    {
      nodes: nodesOf(({ argv, env }) => usesLocalDir([...argv, ...Object.values(env)])),
      words: ['local_dir', job.cluster.local_dir],
    },
    ...processes
      .filter(({ ports }) => ports.length > 0)
      .map(({ name, nodeIndex, ports }) => ({
        nodes: [nodeIndex],
        words: ['ports', name, ...ports.map(portWord)],
      })),
  ];
  return checks.filter(({ nodes }) => nodes.length > 0);
}

/** A node must show as many GPUs as the highest number that a worker has there needs. */
function gpuChecks({ workers, gpus }: Checked): readonly Check[] {
  const needed = new Map<NodeIndex, number>();
  for (const { nodes, gpus: used } of workers) {
    const count = Math.max(0, ...used.map((gpu) => gpu + 1));
    for (const node of nodes) needed.set(node, Math.max(count, needed.get(node) ?? 0));
  }
  const counts = [...new Set(needed.values())].filter((count) => count > 0);
  // What a driver calls a model that is not of our table, nobody knows; `any` fits all.
  const model = gpus.model !== 'any' && gpuModel(gpus.model) ? [gpus.model] : [];
  return counts.map((count) => ({
    nodes: [...needed].flatMap(([node, own]) => (own === count ? [node] : [])).toSorted((a, b) => a - b),
    words: ['gpus', String(count), ...model],
  }));
}

/** What a topology expects: without a file a worker does not start, and without a cache it starts slowly. */
function expectations(
  job: Job,
  { steps }: Checked,
  nodesOf: (wanted: (process: Process) => boolean) => readonly NodeIndex[],
): readonly Check[] {
  const workers = new Set(steps.filter(({ kind }) => kind === 'worker').map(({ name }) => name));
  return (job.expects ?? []).flatMap(({ kind, path }) => {
    const place = hostPath(path, job, job.cluster);
    const words = kind === 'file' ? ['readable', 'a file of the topology'] : ['expected'];
    return place === undefined
      ? []
      : [{ nodes: nodesOf(({ name }) => workers.has(name)), words: [...words, place] }];
  });
}

function readable(what: string, path: string | undefined, nodes: readonly NodeIndex[]): readonly Check[] {
  return path === undefined ? [] : [{ nodes, words: ['readable', what, path] }];
}

/** What steps start by name on the node itself. The containers' programs are looked for where the container is made. */
function programChecks(job: Job, plan: Checked): readonly Check[] {
  const needed = new Map<string, { readonly nodes: Set<NodeIndex>; readonly missing: string }>();
  for (const step of plan.steps) {
    // The job goes on without a monitor.
    if (['monitor', 'image', 'cleanup'].includes(step.kind) || isInContainer(step, job)) continue;
    const missing = step.kind === 'nginx' ? NGINX_MISSING : HOST_MISSING;
    for (const program of programsOf(step, job)) {
      const { nodes } = needed.get(program) ?? { nodes: new Set() };
      needed.set(program, { nodes: new Set([...nodes, ...step.nodes]), missing });
    }
  }
  return [...needed].map(([program, { nodes, missing }]) => ({
    nodes: [...nodes].toSorted((a, b) => a - b),
    words: ['program', program, missing],
  }));
}

const HOST_MISSING =
  'the job runs it on the node itself, for nothing runs in a container: install it, put the folder of a copy on PATH in ' +
  'the preamble of the cluster profile, or run all in an image that has it (container.image, and container_runtime: pyxis)';

/** Dynamo's images do not hold nginx. */
const NGINX_MISSING =
  'several frontends need it on the node itself, outside the container: install it, put the folder of a copy on PATH ' +
  'in the preamble of the cluster profile, or set frontend.count to 1';

/** `8000`, `29500-29506`; with `*:` before it where the address of the node is not all that has to be free. */
function portWord(port: Port): string {
  const numbers = portRange(port);
  return port.address === 'node' ? numbers : `*:${numbers}`;
}
