import data from './engine-arguments.json' with { type: 'json' };

/** Releases as `a-b` from one to another, an open end for the oldest or the newest; several with commas; '' for all. */
export type Span = string;

/** An argument in all releases of its program. What is left out is none, or the same in all of them. */
export interface ArgumentEntry {
  readonly in?: Span;
  /** `flag`, `int`, `float` or `text`, with argparse's `nargs` behind it where it takes several values. */
  readonly type: string | Readonly<Record<string, Span>>;
  readonly aliases?: Readonly<Record<string, Span>>;
  /** `*`: in these releases its choices are not known. */
  readonly choices?: Readonly<Record<string, Span>>;
  readonly default?: Readonly<Record<string, Span>>;
  /** What to use instead, as flags; '' where nothing replaces it. */
  readonly deprecated?: Readonly<Record<string, Span>>;
}

export type ProgramName = keyof typeof data.programs;

export interface EngineData {
  /** Oldest first. */
  readonly sglangReleases: readonly string[];
  readonly dynamoReleases: readonly string[];
  /** The release of SGLang that each of Dynamo asks for. */
  readonly pins: Readonly<Record<string, string>>;
  readonly programs: Readonly<Record<ProgramName, Readonly<Record<string, ArgumentEntry>>>>;
}

/** What scripts/engine-arguments.py wrote. The build makes it text that is parsed at the first call. */
export function engineData(): EngineData {
  return data as unknown as EngineData;
}
