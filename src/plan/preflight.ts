import { type NodeIndex, usesLocalDir } from '../argument.ts';
import { hostPath } from '../config/expectations.ts';
import type { Job } from '../config/job.ts';
import { gpuModel } from '../config/schema/gpu.ts';
import { benchFiles } from './bench/own-files.ts';
import { imageOf } from './container.ts';
import { cachedImage, imageFile } from './image.ts';
import { modelCheck } from './model.ts';
import type { Check, Plan, Port, Process, Step } from './plan.ts';
import { portRange } from './ports.ts';
import { programChecks } from './program-checks.ts';

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
  const models = nodesOf(({ kind }) => kind === 'worker' || kind === 'frontend' || kind === 'bench');
  // Of the job's own image first, which is looked for before the job is sent, too.
  const contained = plan.steps.filter((step) => imageOf(step, job) !== undefined);
  const shared = contained.filter(({ image }) => image === undefined);
  const model = modelCheck(job);
  const checks: Check[] = [
    ...gpuChecks(plan),
    ...(model ? [{ nodes: models, words: ['model', ...model] }] : []),
    ...readable('the chat template', job.dynamo.custom_jinja_template, models),
    ...benchFiles(job.bench).flatMap(({ what, path }) =>
      readable(
        what,
        path,
        nodesOf(({ kind }) => kind === 'bench'),
      ),
    ),
    ...expectations(job, plan, nodesOf),
    ...imageCheck('the container image', shared, job),
    ...readable('the image cache', cachedImage(job) && job.cluster.image_cache, nodesIn(shared)),
    ...contained
      .filter(({ kind, image }) => image !== undefined && kind !== 'container')
      .flatMap((step) => imageCheck(`the image of ${step.name}`, [step], job)),
    ...programChecks(job, plan.steps),
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

/** The check of the image that several steps run in. */
function imageCheck(what: string, steps: readonly Step[], job: Job): readonly Check[] {
  const image = steps[0] && imageOf(steps[0], job);
  return image === undefined ? [] : readable(what, imageFile(image), nodesIn(steps));
}

function nodesIn(steps: readonly Step[]): readonly NodeIndex[] {
  return [...new Set(steps.flatMap(({ nodes }) => nodes))].toSorted((a, b) => a - b);
}

function readable(what: string, path: string | undefined, nodes: readonly NodeIndex[]): readonly Check[] {
  return path === undefined ? [] : [{ nodes, words: ['readable', what, path] }];
}

/** `8000`, `29500-29506`; with `*:` before it where the address of the node is not all that has to be free. */
function portWord(port: Port): string {
  const numbers = portRange(port);
  return port.address === 'node' ? numbers : `*:${numbers}`;
}
