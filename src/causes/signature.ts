import consequences from './consequences.json' with { type: 'json' };
import { isMild } from './line-form.ts';
import { compile, matches, type Pattern } from './pattern.ts';
import data from './signatures.json' with { type: 'json' };

/** Kind of trouble, by who can do something about it. */
export type SignatureClass =
  | 'hardware'
  | 'network'
  | 'memory'
  | 'transfer'
  | 'discovery'
  | 'engine'
  | 'config';

/** A line that is known to come before a worker's end. */
export interface Signature {
  readonly name: string;
  readonly class: SignatureClass;
  /**
   * How much the line says about the cause; absent: it is the cause, whatever else the log says. `crash`: a process ended
   * without a word of its own; an exception that ended the engine says more. `symptom`: the cause is elsewhere, or in
   * another line if any line says more. `broad`: only the kind of an error that nothing better is known of.
   */
  readonly weight?: 'crash' | 'symptom' | 'broad';
  readonly title: string;
  /** Any of these must be in the line; `*` stands for anything. Literal text otherwise: matching takes linear time. */
  readonly says: readonly string[];
  /** None of these may be. */
  readonly not?: readonly string[];
  /** What to do. */
  readonly advice: string;
  /** The upstream issue, or page, that tells of it. */
  readonly link: string;
  /** Real lines, and where they are from: the tests' proof that a signature is found, and no other in its place. */
  readonly samples: readonly string[];
  readonly source: string;
}

/** If several match a line, the first counts: a hardware fault comes before what follows from it. */
export const SIGNATURES = data as readonly Signature[];

/** What programs print because something else has failed, and what sites and programs always print. */
export const CONSEQUENCES: readonly string[] = Object.values(consequences).flat();

const PATTERNS = SIGNATURES.map((signature) => ({ signature, says: signature.says.map(compile) }));
const PASSED_OVER: readonly Pattern[] = CONSEQUENCES.map(compile);

/** Words of which every line with a signature that is told while a run goes on has one. */
export const SIGNATURE_WORDS: readonly string[] = [
  ...new Set(
    PATTERNS.filter(({ signature }) => signature.weight !== 'broad').flatMap(({ says }) =>
      says.map(({ word }) => word),
    ),
  ),
];

/** Whether a line only follows from a failure, or is always there: it is never the cause. */
export function isConsequence(line: string): boolean {
  return PASSED_OVER.some((pattern) => matches(pattern, line));
}

/** The signature that a line of a log bears. */
export function signatureOf(line: string): Signature | undefined {
  if (isMild(line) || isConsequence(line)) return undefined;
  return PATTERNS.find(
    ({ signature, says }) =>
      says.some((pattern) => matches(pattern, line)) && !signature.not?.some((text) => line.includes(text)),
  )?.signature;
}
