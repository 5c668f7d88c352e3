import { GRADE } from '../causes/judge.ts';
import { LINE_FORMS } from '../causes/line-form.ts';
import { NODE_FAULT_TEXTS } from '../causes/node-faults.ts';
import { CONSEQUENCES, SIGNATURES } from '../causes/signature.ts';

/**
 * causes.txt: the data by which templates/cause-line.sh judges a log, a line each: `form NAME REGEX`, `word TEXT` (one of them
 * is in every line that a pattern matches), `consequence PATTERN`, and `signature GRADE EXCLUSION`, whose `says PATTERN` follow.
 * Patterns are bash's. Signatures come in the order in which they count; the exclusion may be empty.
 */
export function causePatterns(): string {
  const says = [...CONSEQUENCES, ...SIGNATURES.flatMap((signature) => signature.says)];
  return [
    ...Object.entries(LINE_FORMS).map(([name, form]) => `form ${name} ${form}`),
    `form node_fault ${NODE_FAULT_TEXTS.map(regexOf).join('|')}`,
    ...[...new Set(says.map(argOf))].map((word) => `word ${word}`),
    ...CONSEQUENCES.map((text) => `consequence ${globOf(text)}`),
    ...SIGNATURES.flatMap(({ weight, says, not = [] }) => [
      `signature ${weight === 'broad' ? GRADE.error : GRADE[weight ?? 'cause']} ${exclusion(not)}`,
      ...says.map((text) => `says ${globOf(text)}`),
    ]),
    '',
  ].join('\n');
}

/** The longest part of a pattern that is plain text; the first of several. */
function argOf(text: string): string {
  return text.split('*').reduce((longest, part) => (part.length > longest.length ? part : longest), '');
}

function exclusion(texts: readonly string[]): string {
  return texts.length === 0 ? '' : `@(${texts.map(globOf).join('|')})`;
}

function regexOf(text: string): string {
  return text
    .split('*')
    .map((part) => part.replace(/[\\^$.?[\]()|+{}]/g, '\\$&'))
    .join('.*');
}

function globOf(text: string): string {
  const parts = text.split('*').map((part) => part.replace(/[\\?[\]()|+@!]/g, '\\$&'));
  return `*${parts.join('*')}*`;
}
