import { releasesOf } from '../../config/compat/engine-table.ts';
import { applyRenames, argumentInsteadOf } from '../../config/compat/flag-renames.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import { rolesOf } from '../../config/schema/role.ts';
import { type Problem, warning } from '../../config/yaml/problem.ts';

/** Variables that became arguments, with a value of which it is not known what became of it: they are read no more. */
export function* checkVariables(job: JobConfig): Generator<Problem> {
  const releases = releasesOf(job);
  for (const [role, { args, env }] of rolesOf(job)) {
    for (const [name, value] of Object.entries(applyRenames({ args, env }, releases, role).env)) {
      if (typeof value !== 'string' || /^(0|false|)$/i.test(value)) continue;
      const instead = argumentInsteadOf(name, releases);
      if (instead === undefined) continue;
      yield warning(
        [role, 'env', name],
        `SGLang ${releases.sglang} has the argument --${instead} instead of ${name}, and no counterpart is known for ${JSON.stringify(value)}`,
        `set ${instead} in ${role}.args`,
      );
    }
  }
}
