import type { ConfigPath, SourceRange } from './source-range.ts';
import type { ConfigMap } from './tree.ts';

/** What is wrong at a path of a job. `locateProblem` makes a `Diagnostic` of it, which has a position in a file. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly path: ConfigPath;
  /** Which side of the colon it concerns. Default: the value. */
  readonly at?: 'key' | 'value';
  /** A second path that is part of the problem. */
  readonly related?: ConfigPath;
  /** A key of a higher layer that brought the problem about; it is shown there, with `path` beside it. */
  readonly cause?: { readonly path: ConfigPath; readonly range: SourceRange };
  /** Follows `path: `, in plain words: `must be at least 1, not 0`. */
  readonly message: string;
  /** What to do about it, as one sentence. */
  readonly hint?: string;
  /** Said only of what the user has written, not of a published topology, which tells the releases that it is for. */
  readonly ownOnly?: true;
  /** The value is a secret: code frames mask it. */
  readonly conceal?: boolean;
  /** The key is not there, or `null` took it away. */
  readonly missing?: true;
  /** What the user most likely meant: with it, later rules can be checked all the same. Default: the key's default. */
  readonly repair?: Repair;
  /** The tree that has the path, where it is not the job's own: repairs have changed that. */
  readonly tree?: ConfigMap;
}

/** Another value, another key, or a map without keys. */
export interface Repair {
  readonly set?: string | number | boolean;
  readonly rename?: string;
  readonly empty?: true;
}

/** What is wrong, and what to do about it, before it has a place. */
export type Fault = Pick<Problem, 'message' | 'hint'>;

type MakeProblem = (path: ConfigPath, message: string, hint?: string) => Problem;

function maker(severity: Problem['severity'], at?: 'key'): MakeProblem {
  return (path, message, hint) => ({ severity, path, ...(at && { at }), message, ...(hint && { hint }) });
}

/** Problems of a value: an error keeps the job from being submitted, a warning does not. */
export const error = maker('error');
export const warning = maker('warning');
/** Problems of a key, or of a map or list as a whole. */
export const keyError = maker('error', 'key');
export const keyWarning = maker('warning', 'key');
