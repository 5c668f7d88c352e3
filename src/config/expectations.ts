import { containerOf, type Expected } from './job.ts';
import type { ClusterProfile } from './schema/cluster-schema.ts';
import type { JobConfig } from './schema/job-schema.ts';
import { ROLES } from './schema/role.ts';
import { type Problem, warning } from './yaml/problem.ts';

/** What a published topology expects, as its file says it. */
export interface Expectations {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** What is expected of the nodes of a job; what the config has overridden is not. */
export function expectedOf(job: JobConfig, expects: Expectations | undefined): readonly Expected[] {
  const settings = JSON.stringify(ROLES.map((role) => [job[role]?.args, job[role]?.env, job[role]?.flags]));
  const used = (paths: readonly string[] = []) => paths.filter((path) => settings.includes(path));
  return [
    ...used(expects?.files).map((path) => ({ kind: 'file' as const, path })),
    ...used(expects?.folders).map((path) => ({ kind: 'folder' as const, path })),
  ];
}

/**
 * The path on a node that a path of the workers is, if they see any: their own where they run on the host, and what is
 * mounted there where they run in a container.
 */
export function hostPath(path: string, job: JobConfig, cluster: ClusterProfile): string | undefined {
  const container = containerOf(job, cluster);
  if (!container) return path;
  for (const mount of [...container.mounts, ...cluster.mounts]) {
    const [outside = '', inside = ''] = mount.split(':');
    const folder = inside.replace(/\/+$/, '');
    if (path === folder) return outside;
    if (path.startsWith(`${folder}/`)) return `${outside.replace(/\/+$/, '')}${path.slice(folder.length)}`;
  }
  return undefined;
}

/** Says what a topology expects and nothing brings. On the host only the nodes know; preflight asks them. */
export function* checkExpected(
  expected: readonly Expected[],
  topology: string,
  job: JobConfig,
  cluster: ClusterProfile,
): Generator<Problem> {
  const lacking = expected.filter(({ path }) => hostPath(path, job, cluster) === undefined);
  const contained = containerOf(job, cluster) !== undefined;
  const said = contained ? lacking : expected;
  const [first] = said;
  if (first === undefined) return;
  // A path at the top is a mount point itself.
  const folder = first.path.replace(/(?<=.)\/[^/]*$/, '');
  const paths = said.map(({ path }) => path).join(', ');
  yield warning(
    ['topology'],
    contained
      ? `${topology} expects ${paths}, but nothing is mounted there`
      : `${topology} expects ${paths} on every node, because no container is configured into which it could be mounted`,
    contained
      ? `add HOST_FOLDER:${folder} to container.mounts, or to mounts of the cluster profile; or override the arguments that name it`
      : `put it there, set container.image and mount a folder at ${folder}, or override the arguments that name it`,
  );
}
