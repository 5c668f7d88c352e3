import { containerOf, type Job } from '../job.ts';
import { setupsOf } from '../setup.ts';
import { holdsSecretWord, secretTexts } from '../text/secret.ts';
import { error, keyError, type Problem, warning } from '../yaml/problem.ts';
import { quoted } from '../yaml/source-range.ts';

/** What `setup` runs, where and for how long. */
export function* checkSetup(job: Job): Generator<Problem> {
  for (const [path, { commands, script, deadline, once }] of setupsOf(job)) {
    if (commands !== undefined && script !== undefined)
      yield keyError([...path, 'script'], 'cannot be combined with `commands`', 'keep one of the two');
    if (script === undefined && (commands ?? []).length === 0)
      yield keyError(path, 'says nothing to run', 'add `commands`, a list, or `script`, a file');
    if (script !== undefined) yield* checkScript([...path, 'script'], script, job);
    if (deadline >= job.health.deadline)
      yield error(
        [...path, 'deadline'],
        `must be shorter than health.deadline, ${job.health.deadline} s, within which the service must be ready`,
        'increase health.deadline',
      );
    else if (deadline > job.health.stall)
      yield warning(
        [...path, 'deadline'],
        `has no effect after ${job.health.stall} s without output, when health.stall ends the job`,
        'increase health.stall, or let the commands print what they do',
      );
    if (once === 'node' && containerOf(job, job.cluster) !== undefined && !job.cluster.shared_container)
      yield error(
        [...path, 'once'],
        'needs one container for all steps of a node, and the cluster profile has shared_container: false',
        'remove it: each step then runs the setup in its own container',
      );
  }
}

function* checkScript(
  path: readonly (string | number)[],
  name: string,
  { scripts }: Job,
): Generator<Problem> {
  if (scripts === undefined) return;
  const file = scripts.get(name) ?? { fault: 'is named by a published topology, which has no files' };
  if ('fault' in file) yield error(path, `${quoted(name)} ${file.fault}`, file.hint);
  else {
    const line = file.text.split('\n').findIndex((each) => holdsSecret(each)) + 1;
    if (line > 0)
      yield error(
        path,
        `line ${line} of ${quoted(name)} looks like a secret, which files of the job must not contain`,
        'name it in `env` as {from_env: NAME}, and write "$NAME" in the script',
      );
  }
}

const holdsSecret = (line: string): boolean =>
  [...secretTexts(line)].length > 0 || (!/^\s*#/.test(line) && holdsSecretWord(line));
