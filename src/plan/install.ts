import { type Arg, RUN_DIR, RUNS_DIR } from '../argument.ts';
import { containerOf, type Job } from '../config/job.ts';
import { usesDynamo } from '../config/schema/sections.ts';
import { jobEngine } from '../engines/engines.ts';
import type { InstallPlan, ProcessKind, StepBody } from './plan.ts';
import { stepOf } from './step-body.ts';

/** Seconds that it may take: from an index or from wheels, and from a commit, which is compiled. */
const LIMIT = { fetched: 1200, built: 3600 };

/** How Dynamo gets into images that have none; undefined where it is in the image, or takes no part. */
export function installPlan(job: Job): InstallPlan | undefined {
  const { install } = job.dynamo;
  if (install === undefined || !usesDynamo(job)) return undefined;
  const { path, group } = job.cluster.install_cache;
  return {
    cache: path?.replace(/(?<=.)\/+$/, '') ?? [RUNS_DIR, '/.dynamo'],
    limit: install.deadline ?? (install.commit === undefined ? LIMIT.fetched : LIMIT.built),
    ...(group !== undefined && { group }),
  };
}

/** Whether a step takes something of it. `contained`: steps run in containers, beside whose host there is nothing. */
export function usesInstalled({ kind, image }: StepBody, contained: boolean): boolean {
  if (image !== undefined) return false;
  return USERS.includes(kind) || (kind === 'nginx' && !contained);
}

const USERS: readonly ProcessKind[] = ['worker', 'frontend', 'etcd', 'nats'];

/** The program of a step that it brings where there is none; install.py pins the wheels. */
export function installedProgram(step: StepBody, job: Job): string | undefined {
  const [program] = step.argv;
  const contained = containerOf(job, job.cluster) !== undefined;
  if (installPlan(job) === undefined || !usesInstalled(step, contained)) return undefined;
  return typeof program === 'string' && program !== 'python3' ? program : undefined;
}

/** One step on the first node, before `steps`, which need Dynamo, in the container of those. */
export function installSteps(job: Job, steps: readonly StepBody[]): readonly StepBody[] {
  const planned = installPlan(job);
  const { install, version: release } = job.dynamo;
  if (planned === undefined || install === undefined) return [];
  const { version, wheel, commit, source } = install;
  const isPath = wheel?.startsWith('/') === true;
  const venv = containerOf(job, job.cluster) === undefined;
  const programs = steps
    .filter(({ kind }) => kind !== 'worker')
    .flatMap((step) => installedProgram(step, job) ?? []);
  const { packageExtra = '' } = jobEngine(job);
  const given: Readonly<Record<string, Arg | undefined>> = {
    cache: planned.cache,
    group: planned.group,
    local: job.cluster.local_dir,
    release,
    version: isPath || commit !== undefined ? undefined : (version ?? wheel ?? release),
    wheels: isPath ? wheel : undefined,
    commit,
    source,
    // On the host nothing has an engine; it is one of the packages then.
    extra: venv ? packageExtra || undefined : undefined,
    venv: venv ? '1' : undefined,
    programs: programs.length > 0 ? programs.join(' ') : undefined,
  };
  const words = Object.entries(given).flatMap(([name, value]): Arg[] =>
    value === undefined ? [] : [`--${name}`, value],
  );
  const argv: readonly Arg[] = ['python3', [RUN_DIR, '/runtime/install.py'], 'fetch', ...words];
  return [stepOf({ kind: 'install', argv, env: { PYTHONUNBUFFERED: '1' }, contained: true })];
}

/** What its container is given to read. */
export function installSources({ dynamo }: Job): readonly string[] {
  const { wheel, source } = dynamo.install ?? {};
  const given = [wheel, source].filter((path) => path?.startsWith('/')) as readonly string[];
  // Of the file of a wheel, the folder: the other wheel lies beside it.
  return given.map((path) => (path.endsWith('.whl') ? path.replace(/(?<=.)\/[^/]*$/, '') : path));
}
