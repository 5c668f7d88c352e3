import type { JobConfig } from '../schema/job-schema.ts';
import { type ArgumentEntry, engineData, type Package, type ProgramName, type Span } from './engine-data.ts';
import { releaseInImage } from './engine-image.ts';
import { compareReleases } from './release.ts';

/** The releases that a job's image holds. An engine that is not in it has the release that Dynamo's asks for. */
export interface Releases {
  readonly dynamo: string;
  readonly sglang: string;
  readonly vllm: string;
  readonly trtllm: string;
  /** Arguments and variables are passed as the config has them, whatever these releases call them. */
  readonly asWritten?: true;
}

type Named = Pick<JobConfig, 'dynamo' | 'engine' | 'container'>;

/** The engine's is the one that the config names, or its image; else the one that Dynamo's asks for. */
export function releasesOf(job: Named): Releases {
  const { dynamo, engine } = job;
  const named = namedRelease(job);
  return {
    ...pinnedReleases(dynamo.version),
    ...(named !== undefined && { [engine.type]: named }),
    ...(!engine.rename && { asWritten: true }),
  };
}

/** The engine's release by the config, or by the tag of the engine's own image. */
export function namedRelease({ engine, container }: Omit<Named, 'dynamo'>): string | undefined {
  return engine.version ?? (container && releaseInImage(engine.type, container.image));
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
  readonly type: 'flag' | 'int' | 'float' | 'text' | 'word';
  /** argparse's `nargs`: `+`, `*`, `?`, or '' for exactly one value. */
  readonly many: string;
  /** Undefined where it takes any value, or its choices are not known. */
  readonly choices: readonly string[] | undefined;
  /** Keys of its value, a map; undefined where it is none, or they are not known. */
  readonly keys: readonly string[] | undefined;
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

/** The releases of engines that a release of Dynamo asks for; for one that is not listed, those of the one before it. */
export function pinnedReleases(dynamo: string): Releases {
  const { releases, pins } = engineData();
  const known = releases.dynamo[Math.max(0, position(releases.dynamo, dynamo))] ?? '';
  return { sglang: '', vllm: '', trtllm: '', ...pins[known], dynamo };
}

/** The release of SGLang's router that an image with a release of SGLang may hold. */
export function routerBeside(sglang: string): string {
  const { releases, routers } = engineData();
  return routers[releases.sglang[Math.max(0, position(releases.sglang, sglang))] ?? ''] ?? '';
}

/** Whether the table knows the program's arguments: it begins with SGLang 0.4.9.post6, vLLM 0.10.0, TensorRT-LLM 1.0.0 and Dynamo 0.4.1. */
export function isListed({ name, release }: Program): boolean {
  return position(listedReleases(name), release) >= 0 && argumentsOf({ name, release }).size > 0;
}

/** Whether the program is later than the newest release of the table, so that it may have what the table lacks. */
export function isNewer({ name, release }: Program): boolean {
  return compareReleases(release, newestRelease(name)) > 0;
}

/** The newest release of a program that the table knows. */
export function newestRelease(program: ProgramName): string {
  return listedReleases(program).at(-1) ?? '';
}

/** The argument of that name, or of that alias. */
export function findArgument(program: Program, name: string): EngineArgument | undefined {
  return argumentsOf(program).get(name);
}

/** All names of a program's arguments, aliases too. */
export function argumentNames(program: Program): readonly string[] {
  return [...argumentsOf(program).keys()];
}

/** Whether a program takes the beginning of an argument's name for all of it, as Python's argparse does by itself. */
export function takesBeginnings({ name, release }: Program): boolean {
  const { exact } = engineData();
  return exact[name] === undefined || !holds(exact[name], name, positions(listedReleases(name), release));
}

const tables = new Map<string, ReadonlyMap<string, EngineArgument>>();

/** A release's arguments by all of their names; made once. */
function argumentsOf({ name: program, release }: Program): ReadonlyMap<string, EngineArgument> {
  const key = `${program} ${release}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const at = positions(listedReleases(program), release);
  const made = new Map<string, EngineArgument>();
  for (const [name, entry] of Object.entries(engineData().programs[program])) {
    if (!holds(entry.in, program, at)) continue;
    const argument = argumentAt(name, entry, program, at);
    for (const one of [name, ...within(entry.aliases, program, at)]) made.set(one, argument);
  }
  tables.set(key, made);
  return made;
}

function argumentAt(
  name: string,
  entry: ArgumentEntry,
  program: ProgramName,
  at: readonly number[],
): EngineArgument {
  const spelling =
    typeof entry.type === 'string' ? entry.type : (within(entry.type, program, at)[0] ?? 'text');
  const [, type = 'text', many = ''] = /^(flag|int|float|text|word)(.*)$/.exec(spelling) ?? [];
  return {
    name,
    type: type as EngineArgument['type'],
    many,
    choices: listed(within(entry.choices, program, at)),
    keys: listed(within(entry.keys, program, at)),
    deprecated: within(entry.deprecated, program, at)[0],
  };
}

/** Undefined where some of the names are not known. */
function listed(names: readonly string[]): readonly string[] | undefined {
  return names.length === 0 || names.includes('*') ? undefined : names;
}

/** The part of a map that a release has. */
function within(
  map: Readonly<Record<string, Span>> | undefined,
  program: ProgramName,
  at: readonly number[],
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
  const has = releases.filter((_, at) => holds(entry.in, program, [at]));
  const last = has.at(-1) ?? '';
  const at = [releases.indexOf(last)];
  const replacement = Object.entries(entry.deprecated ?? {}).find(([, span]) =>
    holds(span, program, at),
  )?.[0];
  return { first: has[0] ?? '', last, replacement: replacement ?? '' };
}

/** The nearest releases before and after one in which a choice of an argument, or a key of its value, was there. */
export function otherReleasesWith(
  { name: program, release }: Program,
  name: string,
  what: 'choices' | 'keys',
  one: string,
): { readonly before: string | undefined; readonly after: string | undefined } {
  const span = engineData().programs[program][name]?.[what]?.[one];
  if (span === undefined) return { before: undefined, after: undefined };
  const takers = listedReleases(program).filter((_, at) => holds(span, program, [at]));
  return {
    before: takers.findLast((taker) => compareReleases(taker, release) < 0),
    after: takers.find((taker) => compareReleases(taker, release) > 0),
  };
}

function listedReleases(program: ProgramName): readonly string[] {
  return engineData().releases[packageOf(program)];
}

/** Whose release a program has, as in a sentence: `SGLang`. */
export function titleOf(program: ProgramName): string {
  return engineData().titles[packageOf(program)];
}

function packageOf(program: ProgramName): Package {
  const [first] = program.split('.');
  return first as Package;
}

/** Place of a release among those listed, or of the one before it; -1 for one before all of them. */
function position(releases: readonly string[], release: string): number {
  return releases.findLastIndex((listed) => compareReleases(listed, release) <= 0);
}

/** Places of the listed releases that tell what a release takes: itself, or its neighbors where it is not listed. */
function positions(releases: readonly string[], release: string): readonly number[] {
  const at = position(releases, release);
  const isListed = at >= 0 && compareReleases(releases[at] ?? '', release) === 0;
  return isListed || at === releases.length - 1 ? [at] : [at, at + 1];
}

/** Whether a span has one of the places. */
function holds(span: Span | undefined, program: ProgramName, at: readonly number[]): boolean {
  if (span === undefined || span === '') return true;
  const releases = listedReleases(program);
  return span.split(',').some((run) => {
    const [first = '', last = ''] = run.split('-');
    const from = first === '' ? 0 : releases.indexOf(first);
    const to = last === '' ? releases.length - 1 : releases.indexOf(last);
    return at.some((one) => from <= one && one <= to);
  });
}
