import { type Arg, ATTEMPT_DIR, RUN_DIR } from '../argument.ts';
import type { Job } from '../config/job.ts';
import { benchFiles } from './bench/own-files.ts';
import { containerName, imageOf } from './container.ts';
import { pyxisImage } from './image.ts';
import { installPlan, installSources, usesInstalled } from './install.ts';
import { modelMount } from './model.ts';
import { METRICS } from './monitor-step.ts';
import type { Step, StepBody } from './plan.ts';
import { tasksPerNode } from './step-body.ts';

/**
 * A step with the srun that starts it: one task on each of its nodes, or one on each GPU of a program of MPI, or one for each
 * process that serves, side by side with all other steps there.
 *
 * - `--overlap`: since Slurm 20.11 steps are exclusive, and the second on a node would wait for ever.
 * - no `--cpus-per-task`: since 22.05 it implies `--exact`, and a step would get only that many CPUs of its
 *   node.
 * - `--mpi=none`: a site's default MPI plugin would wait for an MPI_Init that never comes. Programs of MPI have PMIx.
 * - `--cpu-bind=none`, with `=`: Slurm 25.11 misreads the form without it.
 * - `--kill-on-bad-exit=1`: without it the other ranks outlive one that died, as those of a monitor and of `cleanup` may.
 * - `--input=none`: srun would eat the job script's own input.
 * - `--output`, one file a node: all output through one srun is a bottleneck.
 * - `--open-mode=append`: a worker that is started again keeps what it said before.
 *
 * `bash -p` takes no functions, options or files to run from its environment, which an image or a site may have set.
 *
 * In containers run Dynamo, etcd and NATS, all of which Dynamo's images hold; nginx runs on the host unless the config names
 * an image for it.
 */
export function withSrun(step: StepBody, job: Job): Step {
  return { ...step, srun: srunCommand(step, job) };
}

function srunCommand(step: StepBody, job: Job): readonly Arg[] {
  const nodes = step.nodes.length;
  const tasks = tasksPerNode(step);
  // Removing a container takes nothing of the plan.
  const script = step.kind === 'cleanup' ? '/runtime/cleanup.sh' : `/steps/${step.name}.sh`;
  return [
    'srun',
    `--nodes=${nodes}`,
    `--ntasks=${nodes * tasks}`,
    `--ntasks-per-node=${tasks}`,
    ['--nodelist=', ...commaSeparated(step.nodes.map((node) => [{ ref: 'node', node }]))],
    `--job-name=${step.name}`,
    '--overlap',
    step.mpi ? '--mpi=pmix' : '--mpi=none',
    // Ranks fill one node after the other; a node of the job may have fewer slots than the step has tasks there.
    ...(step.mpi || tasks > 1 ? ['--distribution=block', '--oversubscribe'] : []),
    '--cpu-bind=none',
    ...(step.kind === 'monitor' || step.kind === 'cleanup' ? [] : ['--kill-on-bad-exit=1']),
    '--input=none',
    ...outputWords(step),
    ...containerWords(step, job),
    ...(step.kind === 'worker' || step.kind === 'frontend' ? optionWords(job.slurm.srun) : []),
    // It is over once the container is there, and whole; our script would wait for the other nodes.
    ...(step.kind === 'container' ? step.argv : ['bash', '-p', [RUN_DIR, script]]),
  ];
}

function optionWords(options: Job['slurm']['srun']): readonly string[] {
  return Object.entries(options).map(([name, value]) =>
    value === true ? `--${name}` : `--${name}=${value}`,
  );
}

/** What is wrong with a container is to stand beside what srun says of it, where lib.sh looks for the cause. */
function outputWords({ name, kind }: StepBody): readonly Arg[] {
  if (kind === 'container') return [];
  const ending = kind !== 'monitor' ? 'log' : name === METRICS ? 'prom' : 'csv';
  return [['--output=', ATTEMPT_DIR, `/logs/${name}.%N.${ending}`], '--open-mode=append'];
}

/**
 * pyxis: https://github.com/NVIDIA/pyxis. `no_exec`, which it knows since 0.14.0: a step has mounts of its own. Without it
 * a step would enter the namespaces of another one that runs in the same container, and lose its own mounts. Where the
 * container has gone, pyxis makes it again from the image.
 */
function containerWords(step: StepBody, job: Job): readonly Arg[] {
  const image = imageOf(step, job);
  if (image === undefined) return [];
  const name = containerName(step, job);
  return [
    `--container-image=${pyxisImage(job, image)}`,
    ...(name ? [['--container-name=', ...name, ':no_exec']] : []),
    '--no-container-entrypoint',
    '--no-container-mount-home',
    ...(step.kind === 'container'
      ? []
      : [['--container-mounts=', ...commaSeparated(mounts(step, job.container?.mounts ?? [], job))]]),
  ];
}

/** Everything keeps its own path inside, so that one path means one thing in the whole job. */
function mounts(step: StepBody, own: readonly string[], job: Job): readonly (readonly Part[])[] {
  const { path } = job.model;
  const template = job.dynamo.custom_jinja_template;
  const list: (readonly Part[])[] = [[RUN_DIR, ':', RUN_DIR]];
  if (step.kind === 'etcd' || step.kind === 'nats' || step.kind === 'nginx') {
    list.push([`${job.cluster.local_dir}:${job.cluster.local_dir}`]);
  } else {
    const folder = modelMount(path);
    if (path.startsWith('/')) list.push([`${folder}:${folder}:ro`]);
    if (template !== undefined && !template.startsWith(`${folder}/`))
      list.push([`${template}:${template}:ro`]);
  }
  if (step.kind === 'bench') for (const { path } of benchFiles(job.bench)) list.push([`${path}:${path}:ro`]);
  list.push(...installMounts(step, job));
  const kernels = [step.kernels?.folder ?? []].flat();
  if (kernels.length > 0) list.push([...kernels, ':', ...kernels]);
  for (const mount of [...job.cluster.mounts, ...own]) list.push([mount]);
  return list;
}

/** The cache of `dynamo.install`, which only one step may write to. */
function installMounts(step: StepBody, job: Job): readonly (readonly Part[])[] {
  const cache = [installPlan(job)?.cache ?? []].flat();
  const fetches = step.kind === 'install';
  if (cache.length === 0 || !(fetches || usesInstalled(step, true))) return [];
  const folder = [...cache, ':', ...cache];
  return fetches
    ? [folder, ...installSources(job).map((path) => [`${path}:${path}:ro`])]
    : [[...folder, ':ro']];
}

type Part = Exclude<Arg, string>[number];

function commaSeparated(items: readonly (readonly Part[])[]): readonly Part[] {
  return items.flatMap((item, index) => (index === 0 ? item : [',', ...item]));
}
