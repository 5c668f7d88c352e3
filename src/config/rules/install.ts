import type { JobConfig } from '../schema/job-schema.ts';
import { error, keyError, type Problem } from '../yaml/problem.ts';

const SOURCES = ['version', 'wheel', 'commit'] as const;

/** The source of Dynamo, for a job that installs it. */
export function* checkInstall({ dynamo }: JobConfig): Generator<Problem> {
  const { install, version } = dynamo;
  if (install === undefined) return;
  const [first, second] = SOURCES.filter((source) => install[source] !== undefined);
  if (first !== undefined && second !== undefined)
    yield keyError(
      ['dynamo', 'install', second],
      `is a second source of Dynamo beside ${first}, and only one can be installed`,
      'keep one of the two; in a variant, `null` takes the other away',
    );
  if (install.source !== undefined && install.commit === undefined)
    yield keyError(
      ['dynamo', 'install', 'source'],
      'says where the source of a commit is, but no commit is given',
      'add commit, or remove this line',
    );
  for (const source of ['version', 'wheel'] as const) {
    const given = releaseIn(install[source]);
    if (given !== undefined && given !== version)
      yield error(
        ['dynamo', 'install', source],
        `installs Dynamo ${given}, but its options are written as for dynamo.version, ${version}`,
        `set dynamo.version: ${given}`,
      );
  }
}

/** The release of a version, or of the file of one of Dynamo's wheels; a development release has the options of the release that it precedes. */
function releaseIn(given: string | undefined): string | undefined {
  const text = given?.startsWith('/')
    ? /\/ai_dynamo(?:_runtime)?-([^-/]+)-[^/]*\.whl$/.exec(given)?.[1]
    : given;
  if (text === undefined) return undefined;
  const [, release] = /^(\d+(?:\.\d+){0,2})/.exec(text) ?? [];
  const [major = '0', minor = '0', patch = '0'] = (release ?? '').split('.');
  return [major, minor, patch].join('.');
}
