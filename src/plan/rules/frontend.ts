import { isOfTls, managed } from '../../config/rules/managed.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import { dashed } from '../../config/text/dashed.ts';
import { error, keyWarning, type Problem } from '../../config/yaml/problem.ts';
import type { Frontend } from '../../frontends/frontend.ts';
import { frontendOf } from '../../frontends/frontends.ts';

/** What stands between clients and workers: whether it can, for this job, and what nginx does before several. */
export function* checkFrontend(job: JobConfig): Generator<Problem> {
  const { frontend } = job;
  const kind = frontendOf(job);
  yield* kind.check(job);
  yield* checkManagedArguments(job);
  if (frontend.count > 1) {
    if (!kind.several)
      yield error(
        ['frontend', 'count'],
        `there cannot be ${frontend.count} of ${kind.title}`,
        'remove it, or choose another frontend',
      );
    return;
  }
  const alone = 'has no effect: nginx runs only before several frontends';
  if (frontend.session_affinity !== false)
    yield keyWarning(
      ['frontend', 'session_affinity'],
      alone,
      'set frontend.count to 2 or more, or remove it',
    );
  if (frontend.nginx.image !== undefined)
    yield keyWarning(['frontend', 'nginx'], alone, 'set frontend.count to 2 or more, or remove it');
}

/** What dyn-slurm sets itself may not be set a second time in `args`. */
function* checkManagedArguments(job: JobConfig): Generator<Problem> {
  const { managed: ours, argumentFile } = frontendOf(job);
  const inFile = argumentFile !== undefined;
  for (const key of Object.keys(job.frontend.args)) {
    const name = dashed(key);
    const source = isOfTls(name) ? 'infra.tls' : frontendSource(ours, name);
    if (source !== undefined)
      yield managed(['frontend', 'args', key], inFile ? name.replaceAll('-', '_') : `--${name}`, source);
  }
}

/** What makes an argument of a frontend, by its name with dashes, that is dyn-slurm's to write; else undefined. */
export function frontendSource(ours: Frontend['managed'], name: string): string | undefined {
  return Object.entries(ours).find(([, names]) => names.split(' ').includes(name))?.[0];
}
