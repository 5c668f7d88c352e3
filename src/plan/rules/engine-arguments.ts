import { applyRenames, argumentInsteadOf } from '../../config/compat/apply-renames.ts';
import {
  argumentNames,
  findArgument,
  isListed,
  isNewer,
  lifetime,
  otherReleasesWithChoice,
  type Program,
} from '../../config/compat/engine-table.ts';
import { type GivenFlag, givenFlags } from '../../config/compat/given-flags.ts';
import { OTHER_ENGINES } from '../../config/compat/other-engines.ts';
import { compareReleases } from '../../config/compat/release.ts';
import { type Releases, releasesOf } from '../../config/compat/releases.ts';
import { engineValueFault } from '../../config/rules/engine-value.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import { ROLES, type Role, type RoleConfig } from '../../config/schema/role.ts';
import { isSecretReference } from '../../config/text/secret.ts';
import { nearest } from '../../config/text/suggestion.ts';
import { keyError, keyWarning, type Problem, warning } from '../../config/yaml/problem.ts';
import { isManaged } from './managed-args.ts';

/**
 * Arguments that the releases in the image do not take, and values that their parsers refuse: an engine ends at once
 * with either. Warnings, because an image may hold what its releases do not tell.
 */
export function* checkEngineArguments(job: JobConfig): Generator<Problem> {
  const releases = releasesOf(job);
  for (const role of ROLES) {
    const config = job[role];
    if (config === undefined) continue;
    yield* checkOwner(givenFlags(role, config), role, programsOf(config, releases), releases, config);
    yield* checkVariables(role, config, releases);
  }
  const given = Object.entries(job.frontend.args).map(
    ([key, value]): GivenFlag => ({
      name: key.replaceAll('_', '-'),
      value,
      path: ['frontend', 'args', key],
      in: 'args',
    }),
  );
  yield* checkOwner(given, 'frontend', [{ name: 'dynamo.frontend', release: releases.dynamo }], releases);
}

/** Variables that became arguments, with a value of which it is not known what became of it: they are read no more. */
function* checkVariables(role: Role, { args, env }: RoleConfig, releases: Releases): Generator<Problem> {
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

/** The programs whose parsers read a worker's arguments, one after the other; none where the table knows none. */
function programsOf({ module }: RoleConfig, { dynamo, sglang }: Releases): readonly Program[] {
  if (module === 'dynamo.mocker') return [{ name: 'dynamo.mocker', release: dynamo }];
  if (module !== undefined && !/^dynamo\.sglang(\.(worker|decode_worker))?$/.test(module)) return [];
  return [
    { name: 'dynamo.sglang', release: dynamo },
    { name: 'sglang', release: sglang },
  ];
}

function* checkOwner(
  given: readonly GivenFlag[],
  owner: Role | 'frontend',
  programs: readonly Program[],
  releases: Releases,
  config?: RoleConfig,
): Generator<Problem> {
  if (owner === 'router' || owner === 'processor' || programs.length === 0 || !programs.every(isListed))
    return;
  const args = Object.fromEntries(
    given.filter((flag) => flag.in === 'args').map(({ name, value }) => [name, value]),
  );
  const kept = applyRenames({ args, env: {} }, releases, owner).args;
  for (const flag of given) {
    if (config && isManaged(flag.name, owner as Role, config)) continue;
    // A secret goes by a variable, or is refused.
    if (flag.value === false || isSecretReference(flag.value)) continue;
    const passed = kept[flag.name];
    const written =
      flag.in === 'flags' || passed === undefined
        ? inRelease(flag, owner, releases)
        : { ...flag, value: passed };
    const problem = checkFlag(written, owner, programs, config);
    if (problem) yield problem;
  }
}

/** A flag as it is passed on, words of `flags` as they are; undefined where it goes, or becomes one with another. */
function inRelease(flag: GivenFlag, owner: Role | 'frontend', releases: Releases): GivenFlag | undefined {
  if (flag.in === 'flags') return flag;
  const written = applyRenames({ args: { [flag.name]: flag.value }, env: {} }, releases, owner).args;
  const [only] = Object.entries(written);
  return only === undefined || only[0] === flag.name ? undefined : { ...flag, name: only[0], value: only[1] };
}

function checkFlag(
  flag: GivenFlag | undefined,
  owner: Role | 'frontend',
  programs: readonly Program[],
  config: RoleConfig | undefined,
): Problem | undefined {
  if (flag === undefined) return undefined;
  const { path } = flag;
  const name = fullName(flag.name, programs);
  const wasThere = programs.some((program) => lifetime(program.name, flag.name));
  if (typeof name === 'object' && !wasThere)
    return keyWarning(
      path,
      `--${flag.name} is ambiguous: it may mean ${name.map((one) => `--${one}`).join(' or ')}`,
      'write the name in full',
    );
  if (typeof name !== 'string') return keyWarning(path, ...unknown(flag.name, programs));
  if (name !== flag.name && config && isManaged(name, owner as Role, config))
    return keyError(
      path,
      `--${flag.name} is short for --${name}, which is set by dyn-slurm`,
      'remove it here',
    );
  return valueProblem(flag, name, programs);
}

/**
 * The argument that a name stands for. Python's argparse takes the beginning of a name for all of it, where there is
 * only one with that beginning; several are returned as they are.
 */
function fullName(name: string, programs: readonly Program[]): string | readonly string[] | undefined {
  if (programs.some((program) => findArgument(program, name))) return name;
  for (const program of programs) {
    const longer = argumentNames(program).filter((one) => one.startsWith(name));
    if (longer.length === 1) return longer[0];
    if (longer.length > 1) return longer.slice(0, 3);
  }
  return undefined;
}

function valueProblem(flag: GivenFlag, name: string, programs: readonly Program[]): Problem | undefined {
  const takers = programs.flatMap((program) => {
    const found = findArgument(program, name);
    return found ? [{ program, found }] : [];
  });
  const [last] = takers.slice(-1);
  if (last === undefined) return undefined;
  const choices = takers.flatMap(({ found }) => found.choices ?? []);
  const free = takers.some(({ found }) => found.choices === undefined);
  const fault = engineValueFault({ ...last.found, choices: free ? undefined : choices }, flag.value);
  if (fault === undefined || (isNewer(last.program) && !free && fault.choice !== undefined)) return undefined;
  const hint = choiceHint(last.program, last.found.name, fault.choice) ?? fault.hint;
  return warning(flag.path, `${programText(last.program)} refuses it: --${name} ${fault.message}`, hint);
}

/** When a value that the release refuses was taken, or will be. */
function choiceHint(program: Program, name: string, choice: string | undefined): string | undefined {
  if (choice === undefined) return undefined;
  const { before, after } = otherReleasesWithChoice(program, name, choice);
  const whose = program.name === 'sglang' ? 'SGLang' : 'Dynamo';
  if (before !== undefined) return `${whose} ${before} was the last to accept ${choice}`;
  return after && `${choice} was added in ${whose} ${after}`;
}

function unknown(name: string, programs: readonly Program[]): readonly [message: string, hint?: string] {
  const [asked] = programs.slice(-1);
  const program = asked as Program;
  const none = `${programText(program)} has no argument --${name}`;
  const other =
    program.name === 'sglang' && Object.hasOwn(OTHER_ENGINES, name) ? OTHER_ENGINES[name] : undefined;
  if (other) return [none, `it is an argument of ${other[0]}; SGLang's counterpart is ${other[1]}`];
  for (const { name: where, release } of programs) {
    const life = lifetime(where, name);
    if (life === undefined) continue;
    const whose = where === 'sglang' ? 'SGLang' : 'Dynamo';
    if (compareReleases(life.first, release) > 0)
      return [`${none} yet`, `it was added in ${whose} ${life.first}`];
    const [replacement] = life.replacement.split(' ');
    const instead = replacement ? `use ${replacement} instead` : 'remove it';
    return [
      `${programText(program)} no longer has the argument --${name}`,
      `${whose} ${life.last} was the last to accept it; ${instead}`,
    ];
  }
  const near = nearest(name, programs.flatMap(argumentNames));
  return near === undefined
    ? [none, 'remove it, or name the releases in the image: dynamo.version, and engine.version for SGLang']
    : [`${none}; did you mean ${JSON.stringify(near)}?`];
}

function programText({ name, release }: Program): string {
  if (name === 'sglang') return `SGLang ${release}`;
  return name === 'dynamo.frontend' ? `the frontend of Dynamo ${release}` : `${name} of Dynamo ${release}`;
}
