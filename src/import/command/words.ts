import { rangesIn } from '../../config/yaml/source-range.ts';
import type { Place } from '../finding.ts';

/** A word of a command line, and where it stands. */
export interface ShellWord {
  readonly text: string;
  readonly place: Place;
}

/** A command of a script, with the variables that the script has set before it. */
export interface ShellCommand {
  readonly words: readonly ShellWord[];
  readonly variables: ReadonlyMap<string, ShellWord>;
}

const SUBMIT = /(^|\/)submit_(job_script\.py|disagg\.sh)$/;

/** Whether a word names one of the old scripts. */
export function isSubmitScript(word: string): boolean {
  return SUBMIT.test(word);
}

/** The first command of a text that runs one of the old scripts; undefined where there is none. */
export function submitCommand(file: string, text: string): ShellCommand | undefined {
  const variables = new Map<string, ShellWord>();
  for (const words of commandsOf(file, text, variables)) {
    const own = words.findIndex((word) => isSubmitScript(word.text));
    if (own >= 0) return { words: words.slice(own), variables };
  }
  return undefined;
}

/** Words of each command in turn; assignments are taken down, and known variables replaced. */
function* commandsOf(
  file: string,
  text: string,
  variables: Map<string, ShellWord>,
): Generator<readonly ShellWord[]> {
  const range = rangesIn(file, text);
  let words: ShellWord[] = [];
  let word: { start: number; text: string } | undefined;
  const end = (at: number) => {
    if (word !== undefined)
      words.push({ text: word.text, place: { range: range(word.start, at), path: [] } });
    word = undefined;
  };
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    const start = (): { start: number; text: string } => (word ??= { start: at, text: '' });
    if (character === '\\') {
      const next = text[at + 1] ?? '';
      at += 1;
      if (next === '\n') end(at - 1);
      else if (next !== '\r') start().text += next;
    } else if (character === "'") {
      const close = text.indexOf("'", at + 1);
      start().text += text.slice(at + 1, close < 0 ? text.length : close);
      at = close < 0 ? text.length : close;
    } else if (character === '"') {
      const one = start();
      const [whole = '"'] = /"(?:[^"\\]|\\[\s\S])*"?/y.exec(text.slice(at)) ?? [];
      one.text += expanded(whole.slice(1, whole.endsWith('"') ? -1 : undefined), variables).replace(
        /\\(["\\$`])/g,
        '$1',
      );
      at += whole.length - 1;
    } else if (character === '$') {
      const one = start();
      const [whole = '$'] = /\$(\{[^}]*\}|\w+)?/y.exec(text.slice(at)) ?? [];
      one.text += expanded(whole, variables);
      at += whole.length - 1;
    } else if (character === '#' && word === undefined) {
      const close = text.indexOf('\n', at);
      at = (close < 0 ? text.length : close) - 1;
    } else if (character === '\n' || character === ';' || character === '&' || character === '|') {
      end(at);
      if (!assign(words, variables) && words.length > 0) yield words;
      words = [];
    } else if (/\s/.test(character)) end(at);
    else start().text += character;
  }
  end(text.length);
  if (!assign(words, variables) && words.length > 0) yield words;
}

/** `export A=b C=d`; whether the words are nothing else. */
function assign(words: readonly ShellWord[], variables: Map<string, ShellWord>): boolean {
  const rest = words[0]?.text === 'export' ? words.slice(1) : words;
  const found = rest.map(({ text, place }) => ({ found: /^([A-Za-z_]\w*)=(.*)$/s.exec(text), place }));
  if (rest.length === 0 || !found.every((one) => one.found)) return false;
  for (const { found: one, place } of found)
    if (one) variables.set(one[1] ?? '', { text: one[2] ?? '', place });
  return true;
}

function expanded(text: string, variables: ReadonlyMap<string, ShellWord>): string {
  return text.replace(
    /\$(?:\{([A-Za-z_]\w*)(?::?-([^}]*))?\}|([A-Za-z_]\w*))/g,
    (whole, braced, fallback, bare) => {
      const known = variables.get(braced ?? bare)?.text;
      return known ?? fallback ?? whole;
    },
  );
}
