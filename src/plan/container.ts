import { hasPlanes } from '../config/compat/planes.ts';
import { containerOf, type Job } from '../config/job.ts';
import { CONTAINER, type Word } from '../word.ts';
import type { StepBody } from './plan.ts';
import { stepOf } from './step-body.ts';

/** Whether the steps of a node run in one container, which pyxis unpacks once, instead of one each. */
export function sharesContainer(job: Job): boolean {
  return containerOf(job, job.cluster) !== undefined && job.cluster.shared_container;
}

export function isInContainer({ contained }: StepBody, job: Job): boolean {
  return contained && containerOf(job, job.cluster) !== undefined;
}

/** What a step starts by its name on PATH; a PATH of the config's own is not looked through. */
export function programsOf({ kind, argv: [program], env }: StepBody, job: Job): readonly string[] {
  if (env.PATH !== undefined || typeof program !== 'string' || program === 'bash') return [];
  // A script of ours starts etcd, and locks it.
  return kind === 'etcd' && hasPlanes(job) ? [program, 'python3'] : [program];
}

/**
 * Two steps on every node that runs one of `steps` in a container. `container` unpacks the image, and ends: pyxis looks
 * for a container of that name and makes it if there is none, without a lock, so that steps which start together
 * would fail. `cleanup` waits until the job ends, and removes it.
 */
export function containerSteps(job: Job, steps: readonly StepBody[]): readonly StepBody[] {
  if (!sharesContainer(job)) return [];
  const own = new Set(steps.filter(({ contained }) => contained).flatMap((step) => step.nodes));
  const nodes = [...own].toSorted((a, b) => a - b);
  const remove: readonly Word[] = ['enroot', 'remove', '--force', ['pyxis_', CONTAINER]];
  return [
    stepOf({ kind: 'container', nodes, argv: checkWords(steps, job), contained: true }),
    stepOf({ kind: 'cleanup', nodes, argv: remove, contained: false }),
  ];
}

/** Looks for all programs that steps start in the container, before any of them does. */
function checkWords(steps: readonly StepBody[], job: Job): readonly string[] {
  const programs = new Set(
    steps.filter(({ contained }) => contained).flatMap((step) => programsOf(step, job)),
  );
  return ['bash', '-p', '-c', CHECK, 'container', ...programs];
}

/** As task.sh looks for them. */
const CHECK =
  'PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; for p; do type -P "$p" >/dev/null || m+=", $p"; done; ' +
  '[[ -z $m ]] || { echo "dyn-slurm: the image has no ${m#, } on its PATH" >&2; exit 1; }';
