import data from './engine-arguments.json' with { type: 'json' };

/** Releases as `a-b` from one to another, an open end for the oldest or the newest; several with commas; '' for all. */
export type Span = string;

/** An argument in all releases of its program. What is left out is none, or the same in all of them. */
export interface ArgumentEntry {
  readonly in?: Span;
  /**
   * `flag`, `int`, `float`, `text`, or `word` (text whose case and dashes do not matter), with argparse's `nargs` behind
   * it where it takes several values.
   */
  readonly type: string | Readonly<Record<string, Span>>;
  readonly aliases?: Readonly<Record<string, Span>>;
  /** `*`: in these releases its choices are not known. */
  readonly choices?: Readonly<Record<string, Span>>;
  /** Keys of a value that is a map, where they are known; `*` as in `choices`. */
  readonly keys?: Readonly<Record<string, Span>>;
  /** What to use instead, as flags; '' where nothing replaces it. */
  readonly deprecated?: Readonly<Record<string, Span>>;
}

export type ProgramName = keyof typeof data.programs;

/** Packages that have releases of their own. */
export type Package = keyof typeof data.releases;

export interface EngineData {
  /** As in a sentence: `SGLang`. */
  readonly titles: Readonly<Record<Package, string>>;
  /** Oldest first. */
  readonly releases: Readonly<Record<Package, readonly string[]>>;
  /** Programs that take no beginnings of names, in these releases. */
  readonly exact: Readonly<Partial<Record<ProgramName, Span>>>;
  /** The releases of engines that each release of Dynamo asks for. */
  readonly pins: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By release of SGLang, the release of its router that was the newest when it came out. */
  readonly routers: Readonly<Record<string, string>>;
  readonly programs: Readonly<Record<ProgramName, Readonly<Record<string, ArgumentEntry>>>>;
}

/** What scripts/engine-arguments.py wrote. The build makes it text that is parsed at the first call. */
export function engineData(): EngineData {
  return data as unknown as EngineData;
}
