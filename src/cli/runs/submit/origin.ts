import { dirname, join, resolve } from 'node:path';
import { withFallback } from '../../../errors.ts';
import { localHost } from '../../../host/local.ts';
import type { SubmittedJob } from '../../../run/folder.ts';
import type { World } from '../../world.ts';

/** What job.json notes of a run beside its job: where it comes from, and what it belongs to. */
export type Noted = Omit<SubmittedJob, 'jobId' | 'cluster' | 'submitted' | 'session'>;

/** What made a run: the release of dyn-slurm, and the commit of the work tree that its config lies in, if any. */
export type Origin = Pick<SubmittedJob, 'dynSlurm' | 'gitCommit'>;

/** Milliseconds that git may take; a large work tree on a slow file system is not worth more. */
const TIMEOUT = 3000;

/** `file`: as the command line has it, `-` for standard input. */
export async function originOf(file: string, world: World): Promise<Origin> {
  const packageFile = await world.readFile(join(world.packageRoot, 'package.json'));
  const { version } = JSON.parse(packageFile) as { readonly version: string };
  const gitCommit = file === '-' ? undefined : await commitOf(resolve(world.cwd, file), world);
  return { dynSlurm: version, ...(gitCommit !== undefined && { gitCommit }) };
}

/** `+dirty` where files of the work tree differ from it, or the config is not one of them. */
async function commitOf(file: string, world: World): Promise<string | undefined> {
  const host = localHost({ path: [], env: world.env });
  const git = async (...words: readonly string[]) => {
    const argv = ['git', '-C', dirname(file), '-c', 'core.fsmonitor=false', '--no-optional-locks', ...words];
    // No git, or too slow: a run does not need it.
    return withFallback(host.exec(argv, { timeout: TIMEOUT, signal: world.signal }), undefined);
  };
  const status = await git('status', '--porcelain=v2', '--branch', '--untracked-files=no');
  const commit = /^# branch\.oid ([0-9a-f]{40,64})$/m.exec(status?.stdout ?? '')?.[1];
  if (status?.exitCode !== 0 || commit === undefined) return undefined;
  const changed = status.stdout.split('\n').some((line) => line !== '' && !line.startsWith('#'));
  const known = (await git('ls-files', '--error-unmatch', '--', file))?.exitCode === 0;
  return changed || !known ? `${commit}+dirty` : commit;
}
