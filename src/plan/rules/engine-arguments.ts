import {
  argumentNames,
  findArgument,
  isListed,
  isNewer,
  lifetime,
  otherReleasesWithChoice,
  type Program,
  releasesOf,
} from '../../config/compat/engine-table.ts';
import { applyRenames, type Settings } from '../../config/compat/flag-renames.ts';
import { type GivenFlag, givenFlags } from '../../config/compat/given-flags.ts';
import { compareReleases } from '../../config/compat/release.ts';
import { engineValueFault } from '../../config/rules/engine-value.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import { type Role, rolesOf } from '../../config/schema/role.ts';
import { isSecretReference } from '../../config/text/secret.ts';
import { nearest } from '../../config/text/suggestion.ts';
import { keyError, keyWarning, type Problem, warning } from '../../config/yaml/problem.ts';
import type { Engine } from '../../engines/engine.ts';
import { engineCalled, engineOf } from '../../engines/engines.ts';
import { managedSource } from '../../engines/managed.ts';

/** Whose arguments they are, and which programs' parsers read them, one after the other. */
interface Reader {
  readonly owner: Role | 'frontend';
  readonly programs: readonly Program[];
  readonly isManaged: (name: string) => boolean;
  /** Settings as the releases in the image write them. */
  readonly written: (settings: Settings) => Settings;
  /** Undefined for frontends. */
  readonly engine?: Engine;
}

/**
 * Arguments that the releases in the image do not take, and values that their parsers refuse: an engine ends at once
 * with either. Warnings, because an image may hold what its releases do not tell.
 */
export function* checkEngineArguments(job: JobConfig): Generator<Problem> {
  const releases = releasesOf(job);
  for (const [role, config] of rolesOf(job)) {
    const engine = engineOf(job, config);
    yield* checkFlags(givenFlags(role, config), {
      owner: role,
      programs: engine.programs(config, releases),
      isManaged: (name) => managedSource(engine, name, role, config) !== undefined,
      written: (settings) => engine.settings(settings, role, job),
      engine,
    });
  }
  const programs = [{ name: 'dynamo.frontend', release: releases.dynamo }] as const;
  const given = givenFlags('frontend', { args: job.frontend.args, flags: [] });
  const written = (settings: Settings) => applyRenames(settings, releases, 'frontend');
  yield* checkFlags(given, { owner: 'frontend', programs, isManaged: () => false, written });
}

function* checkFlags(given: readonly GivenFlag[], reader: Reader): Generator<Problem> {
  const { owner, programs } = reader;
  if (owner === 'router' || owner === 'processor' || programs.length === 0 || !programs.every(isListed))
    return;
  const inArgs = given.filter((flag) => flag.in === 'args').map(({ name, value }) => [name, value] as const);
  const kept = reader.written({ args: Object.fromEntries(inArgs), env: {} }).args;
  for (const flag of given) {
    // A secret goes by a variable, or is refused.
    if (reader.isManaged(flag.name) || flag.value === false || isSecretReference(flag.value)) continue;
    const passed = flag.in === 'flags' ? flag.value : kept[flag.name];
    const written = passed === undefined ? underOtherName(flag, reader) : { ...flag, value: passed };
    const problem = written && checkFlag(written, reader);
    if (problem) yield problem;
  }
}

/** An argument as it is passed on under another name; undefined where it goes, or becomes one with another. */
function underOtherName(flag: GivenFlag, { written }: Reader): GivenFlag | undefined {
  const { args } = written({ args: { [flag.name]: flag.value }, env: {} });
  const [[name, value] = []] = Object.entries(args);
  return name === undefined || value === undefined || name === flag.name
    ? undefined
    : { ...flag, name, value };
}

function checkFlag(flag: GivenFlag, reader: Reader): Problem | undefined {
  const { path } = flag;
  const { programs } = reader;
  const name = fullName(flag.name, programs);
  const wasThere = programs.some((program) => lifetime(program.name, flag.name));
  if (typeof name === 'object' && !wasThere) {
    const meanings = name.map((one) => `--${one}`).join(' or ');
    const message = `--${flag.name} is ambiguous: it may mean ${meanings}`;
    return keyWarning(path, message, 'write the name in full');
  }
  if (typeof name !== 'string') return keyWarning(path, ...unknown(flag.name, reader));
  if (name === flag.name || !reader.isManaged(name)) return valueProblem(flag, name, programs);
  const message = `--${flag.name} is short for --${name}, which is set by dyn-slurm`;
  return keyError(path, message, 'remove it here');
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
  const whose = titleOf(program.name);
  if (before !== undefined) return `${whose} ${before} was the last to accept ${choice}`;
  return after && `${choice} was added in ${whose} ${after}`;
}

function unknown(name: string, { programs, engine }: Reader): readonly [message: string, hint?: string] {
  const [asked] = programs.slice(-1);
  const program = asked as Program;
  const none = `${programText(program)} has no argument --${name}`;
  const other = engine?.counterparts[name];
  if (other) return [none, `it is an argument of ${other[0]}; ${engine?.title}'s counterpart is ${other[1]}`];
  for (const { name: where, release } of programs) {
    const life = lifetime(where, name);
    if (life === undefined) continue;
    const whose = titleOf(where);
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
    ? [
        none,
        `remove it, or name the releases in the image: dynamo.version${engine ? `, and engine.version for ${engine.title}` : ''}`,
      ]
    : [`${none}; did you mean ${JSON.stringify(near)}?`];
}

function programText({ name, release }: Program): string {
  if (engineCalled(name)) return `${titleOf(name)} ${release}`;
  return name === 'dynamo.frontend' ? `the frontend of Dynamo ${release}` : `${name} of Dynamo ${release}`;
}

/** Whose release a program is of. */
function titleOf(name: Program['name']): string {
  return engineCalled(name)?.title ?? 'Dynamo';
}
