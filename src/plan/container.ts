import { type Arg, CONTAINER } from '../argument.ts';
import { hasPlanes } from '../config/compat/planes.ts';
import type { Job } from '../config/job.ts';
import { installedProgram } from './install.ts';
import type { StepBody } from './plan.ts';
import { stepOf } from './step-body.ts';

/** Image of the container that a step runs in; undefined where it runs on the host. */
export function imageOf(
  { contained, image }: Pick<StepBody, 'contained' | 'image'>,
  job: Job,
): string | undefined {
  if (!contained || job.cluster.container_runtime !== 'pyxis') return undefined;
  return image ?? job.container?.image;
}

/** The image that a step asks for, unless it is the job's own: then the step runs in the job's container. */
export function ownImage(image: string | undefined, job: Job): Pick<StepBody, 'image'> {
  return image === undefined || image === job.container?.image ? {} : { image };
}

/**
 * Name of the container that a step runs in, which pyxis unpacks once: one on each node for all steps with the job's image,
 * and one for each step with an image of its own. Undefined where each step gets a container without a name.
 */
export function containerName({ kind, name, image }: StepBody, job: Job): Arg | undefined {
  if (!job.cluster.shared_container) return undefined;
  if (image === undefined) return [CONTAINER];
  return [CONTAINER, kind === 'container' ? name.slice('container'.length) : `-${name}`];
}

/** What a step starts by its name on PATH; a PATH of the config's own is not looked through. */
export function programsOf(step: StepBody, job: Job): readonly string[] {
  const { kind, argv, env, tool } = step;
  // What the job's own set-up installs is not there yet when programs are looked for.
  if (tool && job.setup) return [];
  const [program] = tool ?? argv;
  if (env.PATH !== undefined || typeof program !== 'string' || program === 'bash' || program.includes('/'))
    return [];
  // The installation brings them where the image has none.
  if (kind !== 'worker' && installedProgram(step, job) !== undefined) return ['python3'];
  // A script of ours starts etcd, and locks it.
  return kind === 'etcd' && hasPlanes(job) ? [program, 'python3'] : [program];
}

/**
 * Steps on every node that runs one of `steps` in a container. `container` unpacks the job's image, and `container-NAME` that
 * of the step NAME, and each ends: pyxis looks for a container of that name and makes it if there is none, without a lock, so
 * that steps which start together would fail. `cleanup` waits until the job ends, and removes all of them.
 */
export function containerSteps(job: Job, steps: readonly StepBody[]): readonly StepBody[] {
  if (!job.cluster.shared_container) return [];
  const contained = steps.filter((step) => imageOf(step, job) !== undefined);
  if (contained.length === 0) return [];
  const shared = contained.filter(({ image }) => image === undefined);
  const remove: readonly Arg[] = ['enroot', 'remove', '--force', ['pyxis_', CONTAINER]];
  return [
    ...(shared.length > 0 ? [unpacking('container', shared, job)] : []),
    ...contained.flatMap((step) =>
      step.image === undefined ? [] : [unpacking(`container-${step.name}`, [step], job)],
    ),
    stepOf({ kind: 'cleanup', nodes: nodesOf(contained), argv: remove, contained: false }),
  ];
}

function unpacking(name: string, steps: readonly StepBody[], job: Job): StepBody {
  const image = steps[0]?.image;
  const own = { name, nodes: nodesOf(steps), ...(image !== undefined && { image }) };
  return stepOf({ kind: 'container', argv: checkWords(steps, job), contained: true, ...own });
}

function nodesOf(steps: readonly StepBody[]): readonly number[] {
  return [...new Set(steps.flatMap(({ nodes }) => nodes))].toSorted((a, b) => a - b);
}

/** Looks for all programs that steps start in the container, before any of them does. */
function checkWords(steps: readonly StepBody[], job: Job): readonly string[] {
  const programs = new Set(steps.flatMap((step) => programsOf(step, job)));
  return ['bash', '-p', '-c', CHECK, 'container', ...programs];
}

/** As task.sh looks for them. */
const CHECK =
  'PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; for p; do type -P "$p" >/dev/null || m+=", $p"; done; ' +
  '[[ -z $m ]] || { echo "dyn-slurm: the image has no ${m#, } on its PATH" >&2; exit 1; }';
