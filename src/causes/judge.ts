import { hasForm, isMild, withoutPrefix } from './line-form.ts';
import { isConsequence, SIGNATURES, type Signature, signatureOf } from './signature.ts';

/** How much a line says about why a process ended; a higher one counts. */
export const GRADE = {
  cause: 6,
  /** What ended the engine, by its own word. */
  fatal: 5,
  crash: 4,
  exception: 3,
  symptom: 2,
  error: 1,
  rest: 0,
} as const;

export type Grade = (typeof GRADE)[keyof typeof GRADE];

/** Why a process ended, by its log. */
export interface Judgement {
  /** At most LONGEST characters; a message of several lines is one. */
  readonly line: string;
  readonly grade: Grade;
  readonly signature?: Signature;
}

/** Bytes and lines at the end of a log that are judged. */
export const JUDGED_BYTES = 262_144;
const JUDGED_LINES = 2000;
const LONGEST_READ = 2000;
const LONGEST = 500;
/** Lines after a chosen one that may belong to its message. */
const CONTINUED = 3;
const LAST_ERROR_WITHIN = 8;
/** Lines of a process at work after which an earlier line did not end it; one of an engine at work counts for ten. */
const OUTLIVED = 30;
const WORKING = 10;

interface Choice {
  readonly at: number;
  /** Lines of a process at work before it. */
  readonly calm: number;
  /** The last line of source in its traceback. */
  readonly source: string;
  readonly order: number;
}

/**
 * The line of a log that says why its process ended. Lines that only follow from a failure are passed over; of tracebacks
 * that follow from each other the first counts, else the last. A known line gives way to a later exception, or to a later
 * known line, where the process went on working in between. templates/cause-line.sh judges in the same way on the nodes, by
 * the same patterns. `text`: the end of the log. `cut`: the log has more before it, so that its first line may be the rest
 * of one, and mean something else.
 */
export function judge(text: string, cut = false): Judgement | undefined {
  const all = linesOf(text);
  const lines = cut && all.length > 1 ? all.slice(1) : all;
  const reader = new Reader();
  for (const [at, line] of lines.entries()) reader.read(at, line);
  const found = reader.best();
  if (found === undefined) return undefined;
  const line = messageAt(lines, found.choice);
  const signature = signatureOf(line);
  return { line, grade: found.grade, ...(signature && { signature }) };
}

const COLORS = /\u001b\[[0-9;?]*[A-Za-z]/g;

function linesOf(text: string): readonly string[] {
  const lines = text
    .replaceAll('\u0000', ' ')
    .split('\n')
    .flatMap((line) => {
      // Progress bars draw over themselves: the last state counts.
      const drawn = line.replace(/\r*$/, '').replace(/^.*\r/, '').replace(COLORS, '');
      return drawn.startsWith('{') ? drawn.split('\\n') : [drawn];
    })
    .map((line) => line.slice(0, LONGEST_READ));
  if (lines.at(-1) === '') lines.pop();
  return lines.slice(-JUDGED_LINES);
}

/** Reads lines in their order, and keeps the best of each grade. */
class Reader {
  readonly #best = new Map<Grade, Choice>();
  /** Within a traceback. */
  #inside = false;
  /** How the traceback that comes follows from the one before. */
  #chain: '' | 'direct' | 'handling' = '';
  /** The first exception of the chain, and whether nothing more is known of it. */
  #root: (Choice & { readonly lookup: boolean; readonly plain: boolean }) | undefined;
  #fatal = false;
  #source = '';
  #calm = 0;
  /** The first error that only follows from something: better than nothing. */
  #farewell: Choice | undefined;

  read(at: number, line: string): void {
    if (line.trim() === '') return;
    const text = withoutPrefix(line);
    if (text.includes('Traceback (most recent call last):')) this.#open(line);
    else if (text.startsWith('The above exception was the direct cause')) this.#chain = 'direct';
    else if (text.startsWith('During handling of the above exception')) this.#chain = 'handling';
    else if (this.#inside && hasForm('frame', text)) this.#frame(text);
    else if (isConsequence(line) || hasForm('departing', text)) {
      if (hasForm('exception', text)) this.#close();
      if (hasForm('error', text)) this.#farewell ??= { at, calm: this.#calm, source: '', order: 0 };
    } else this.#weigh(at, line, text);
  }

  best(): { readonly grade: Grade; readonly choice: Choice } | undefined {
    const [grade] = [...this.#best.keys()].sort((a, b) => b - a);
    const choice = grade === undefined ? this.#farewell : this.#best.get(grade);
    return choice && { grade: grade ?? GRADE.rest, choice };
  }

  #open(line: string): void {
    if (this.#chain === '') {
      this.#root = undefined;
      this.#fatal = false;
    }
    if (line.includes('hit an exception')) this.#fatal = true;
    this.#inside = true;
    this.#source = '';
  }

  #frame(text: string): void {
    if (!text.includes('File "') && !hasForm('pointers', text)) this.#source = text.trim();
  }

  #close(): void {
    this.#inside = false;
    this.#chain = '';
  }

  #weigh(at: number, line: string, text: string): void {
    const mild = isMild(line);
    const signature = mild ? undefined : signatureOf(line);
    const weight = signature ? (signature.weight ?? 'cause') : undefined;
    const order = signature ? SIGNATURES.indexOf(signature) : 0;
    const choice = { at, calm: this.#calm, source: '', order };
    if (weight !== undefined && weight !== 'broad') this.#first(GRADE[weight], choice);
    if (!mild && hasForm(this.#inside ? 'exception' : 'named', text)) {
      this.#exception(choice, hasForm('lookup', text), weight === undefined || weight === 'broad');
      return;
    }
    const looksBad = weight === 'broad' || (!mild && !hasForm('frame', text) && hasForm('error', text));
    if (weight !== undefined && weight !== 'broad') return;
    this.#best.set(looksBad ? GRADE.error : GRADE.rest, choice);
    if (looksBad) return;
    if (hasForm('working', text)) this.#calm += WORKING;
    else if (mild || hasForm('stamped', text)) this.#calm++;
  }

  #exception(choice: Choice, lookup: boolean, plain: boolean): void {
    const follows = this.#chain !== '' && this.#root !== undefined;
    if (!follows || (this.#chain === 'handling' && this.#root?.lookup)) {
      this.#root = { ...choice, source: this.#source, lookup, plain };
    }
    this.#close();
    if (!this.#root?.plain) return;
    this.#best.set(this.#fatal ? GRADE.fatal : GRADE.exception, this.#root);
    for (const grade of [GRADE.cause, GRADE.crash]) if (this.#outlived(grade)) this.#best.delete(grade);
  }

  /** The line whose signature comes first in the list; of several, the first line. */
  #first(grade: Grade, choice: Choice): void {
    const known = this.#best.get(grade);
    if (known === undefined || choice.order < known.order || this.#outlived(grade))
      this.#best.set(grade, choice);
  }

  /** Whether the process went on working after the line that counts. */
  #outlived(grade: Grade): boolean {
    const known = this.#best.get(grade);
    return known !== undefined && this.#calm - known.calm >= OUTLIVED;
  }
}

/** The chosen line, with the lines that go on with its message where it says nothing by itself. */
function messageAt(lines: readonly string[], { at, source }: Choice): string {
  let text = withoutPrefix(lines[at] ?? '').trim();
  const rest = lines.slice(at + 1).map((line) => withoutPrefix(line));
  const last = rest.slice(0, LAST_ERROR_WITHIN).indexOf('Last error:');
  // A message that begins with a line break: the source has only what raised it.
  const begun = text.endsWith(':') && source.startsWith('raise ');
  if (/^[A-Za-z_.]+:?$/.test(text) && source !== '' && !begun) text = `${text.replace(/:$/, '')}: ${source}`;
  else if (last >= 0) text = `${text} ${rest[last + 1] ?? ''}`;
  else if (hasForm('silent', text)) {
    for (const [index, line] of rest.slice(0, CONTINUED).entries()) {
      if (begun && index === 0 && line.trim() === '') continue;
      if (
        line.trim() === '' ||
        isConsequence(line) ||
        hasForm('stamped', line) ||
        line.includes('Traceback (')
      )
        break;
      text = `${text} ${line.trim()}`;
    }
  }
  return text.replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, LONGEST);
}
