import { jobComment } from './job-comment.ts';
import type { GivenOptions } from './scheduler.ts';

/** Options of a job script that salloc does not know. `--signal=B:` names the batch shell, which an allocation lacks. */
const BATCH_ONLY: ReadonlySet<string> = new Set([
  'array',
  'batch',
  'chdir',
  'error',
  'export',
  'export-file',
  'ignore-pbs',
  'input',
  'kill-on-invalid-dep',
  'no-requeue',
  'open-mode',
  'output',
  'parsable',
  'propagate',
  'requeue',
  'signal',
  'test-only',
  'wait',
  'wrap',
]);

/**
 * Takes what the directives of a run's job.sbatch (without `#SBATCH`) ask for, and ends once the nodes are there. A later
 * option of the same name wins, so `more` overrides.
 */
export function allocateCommand(
  run: { readonly id: string },
  directives: readonly string[],
  { comment, ...others }: GivenOptions = {},
  more: readonly string[] = [],
): readonly string[] {
  const given = Object.entries(others).map(([name, value]) => `--${name}=${value}`);
  const options = [...directives, ...given].filter(
    (option) => !BATCH_ONLY.has(/^--([^=]+)/.exec(option)?.[1] ?? ''),
  );
  return ['salloc', '--no-shell', `--comment=${jobComment(run.id, comment)}`, ...options, ...more];
}
