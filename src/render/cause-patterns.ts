import { GRADE } from '../causes/judge.ts';
import { LINE_FORMS } from '../causes/line-form.ts';
import { NODE_FAULT_TEXTS } from '../causes/node-faults.ts';
import { CONSEQUENCES, SIGNATURES } from '../causes/signature.ts';

/**
 * causes.txt: the data by which templates/cause-line.sh judges a log. A line `form NAME REGEX`, a line `consequence`, or a
 * line `signature GRADE EXCLUSION`, whose patterns of bash follow, one a line. Signatures come in the order in which they
 * count; the exclusion is a pattern of bash, too, and may be empty.
 */
export function causePatterns(): string {
  return [
    ...Object.entries(LINE_FORMS).map(([name, form]) => `form ${name} ${form}`),
    `form node_fault ${NODE_FAULT_TEXTS.map(regexOf).join('|')}`,
    'consequence',
    ...CONSEQUENCES.map(globOf),
    ...SIGNATURES.flatMap(({ weight, says, not = [] }) => [
      `signature ${weight === 'broad' ? GRADE.error : GRADE[weight ?? 'cause']} ${exclusion(not)}`,
      ...says.map(globOf),
    ]),
    '',
  ].join('\n');
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
