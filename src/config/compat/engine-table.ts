import type { JobConfig } from '../schema/job-schema.ts';
import { type ArgumentEntry, engineData, type ProgramName, type Span } from './engine-data.ts';
import { compareReleases } from './release.ts';

/** The releases that a job's image holds. */
export interface Releases {
  readonly dynamo: string;
  readonly sglang: string;
}

/** SGLang's is the one that Dynamo's asks for, unless the config names another. */
export function releasesOf({ dynamo, engine }: Pick<JobConfig, 'dynamo' | 'engine'>): Releases {
  return { dynamo: dynamo.version, sglang: engine.version ?? pinnedSglang(dynamo.version) };
}

/** A program with arguments, in one release. */
export interface Program {
  readonly name: ProgramName;
  readonly release: string;
}

/** An argument as a release takes it. */
export interface EngineArgument {
  /** Its first name, with dashes, without the leading ones. */
  readonly name: string;
  readonly type: 'flag' | 'int' | 'float' | 'text';
  /** argparse's `nargs`: `+`, `*`, `?`, or '' for exactly one value. */
  readonly many: string;
  /** Undefined where it takes any value, or its choices are not known. */
  readonly choices: readonly string[] | undefined;
  readonly default: string | undefined;
  /** Flags that replace it, '' where nothing does; undefined where it is not deprecated. */
  readonly deprecated: string | undefined;
}

/** When an argument, or a choice of one, was there. */
export interface Lifetime {
  readonly first: string;
  readonly last: string;
  /** Flags that its last release named in its place. */
  readonly replacement: string;
}

/** The release of SGLang that a release of Dynamo asks for; for one that is not listed, that of the one before it. */
export function pinnedSglang(dynamo: string): string {
  const { dynamoReleases, pins } = engineData();
  const known = dynamoReleases[Math.max(0, position(dynamoReleases, dynamo))];
  return (known !== undefined && pins[known]) || '';
}

/** Whether the table knows the program's arguments: it begins with SGLang 0.4.9.post6 and Dynamo 0.4.1. */
export function isListed({ name, release }: Program): boolean {
  return position(listedReleases(name), release) >= 0 && argumentsOf({ name, release }).size > 0;
}

/** Whether the program is later than the newest release of the table, so that it may have what the table lacks. */
export function isNewer({ name, release }: Program): boolean {
  const newest = listedReleases(name).at(-1);
  return newest !== undefined && compareReleases(release, newest) > 0;
}

/** The argument of that name, or of that alias. */
export function findArgument(program: Program, name: string): EngineArgument | undefined {
  return argumentsOf(program).get(name);
}

/** All names of a program's arguments, aliases too. */
export function argumentNames(program: Program): readonly string[] {
  return [...argumentsOf(program).keys()];
}

const tables = new Map<string, ReadonlyMap<string, EngineArgument>>();

/** A release's arguments by all of their names; made once. */
function argumentsOf({ name: program, release }: Program): ReadonlyMap<string, EngineArgument> {
  const at = position(listedReleases(program), release);
  const key = `${program} ${at}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const made = new Map<string, EngineArgument>();
  for (const [name, entry] of Object.entries(engineData().programs[program])) {
    if (!holds(entry.in, program, at)) continue;
    const argument = argumentAt(name, entry, program, at);
    for (const one of [name, ...within(entry.aliases, program, at)]) made.set(one, argument);
  }
  tables.set(key, made);
  return made;
}

function argumentAt(name: string, entry: ArgumentEntry, program: ProgramName, at: number): EngineArgument {
  const spelling =
    typeof entry.type === 'string' ? entry.type : (within(entry.type, program, at)[0] ?? 'text');
  const [, type = 'text', many = ''] = /^(flag|int|float|text)(.*)$/.exec(spelling) ?? [];
  const choices = within(entry.choices, program, at);
  return {
    name,
    type: type as EngineArgument['type'],
    many,
    choices: choices.length === 0 || choices.includes('*') ? undefined : choices,
    default: within(entry.default, program, at)[0],
    deprecated: within(entry.deprecated, program, at)[0],
  };
}

/** The part of a map that a release has. */
function within(
  map: Readonly<Record<string, Span>> | undefined,
  program: ProgramName,
  at: number,
): readonly string[] {
  if (map === undefined) return [];
  return Object.keys(map).filter((key) => holds(map[key], program, at));
}

/** When a program had an argument of that name; undefined where no release did. */
export function lifetime(program: ProgramName, name: string): Lifetime | undefined {
  const table = engineData().programs[program];
  const entry = Object.hasOwn(table, name)
    ? table[name]
    : Object.values(table).find((one) => Object.hasOwn(one.aliases ?? {}, name));
  if (entry === undefined) return undefined;
  const releases = listedReleases(program);
  const has = releases.filter((_, at) => holds(entry.in, program, at));
  const last = has.at(-1) ?? '';
  const at = releases.indexOf(last);
  const replacement = Object.entries(entry.deprecated ?? {}).find(([, span]) =>
    holds(span, program, at),
  )?.[0];
  return { first: has[0] ?? '', last, replacement: replacement ?? '' };
}

/** The nearest releases before and after one that refuses a value, in which its argument took it. */
export function otherReleasesWithChoice(
  { name: program, release }: Program,
  name: string,
  choice: string,
): { readonly before: string | undefined; readonly after: string | undefined } {
  const span = engineData().programs[program][name]?.choices?.[choice];
  if (span === undefined) return { before: undefined, after: undefined };
  const takers = listedReleases(program).filter((_, at) => holds(span, program, at));
  return {
    before: takers.findLast((one) => compareReleases(one, release) < 0),
    after: takers.find((one) => compareReleases(one, release) > 0),
  };
}

function listedReleases(program: ProgramName): readonly string[] {
  const { sglangReleases, dynamoReleases } = engineData();
  return program === 'sglang' ? sglangReleases : dynamoReleases;
}

/** Place of a release among those listed, or of the one before it; -1 for one before all of them. */
function position(releases: readonly string[], release: string): number {
  return releases.findLastIndex((listed) => compareReleases(listed, release) <= 0);
}

function holds(span: Span | undefined, program: ProgramName, at: number): boolean {
  if (span === undefined || span === '') return true;
  const releases = listedReleases(program);
  return span.split(',').some((run) => {
    const [first = '', last = ''] = run.split('-');
    const from = first === '' ? 0 : releases.indexOf(first);
    const to = last === '' ? releases.length - 1 : releases.indexOf(last);
    return from <= at && at <= to;
  });
}
