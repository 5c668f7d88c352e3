/** `node[0-2,07],head` to its names, in order. What is no valid list stands for itself, as with scontrol. */
export function expandHostlist(expression: string): readonly string[] {
  return splitOutsideBrackets(expression)
    .filter((part) => part !== '')
    .flatMap(expandPart);
}

/** Names to Slurm's short form, in their order: `a1,a2,b07` gives `a[1-2],b07`. */
export function compressHostlist(names: readonly string[]): string {
  const groups: { readonly prefix: string; readonly numbers: string[] }[] = [];
  for (const name of names) {
    const [, prefix = name, digits = ''] = /^(.*?)(\d+)$/.exec(name) ?? [];
    const last = groups.at(-1);
    if (digits !== '' && last?.prefix === prefix && last.numbers.length > 0) last.numbers.push(digits);
    else groups.push({ prefix, numbers: digits === '' ? [] : [digits] });
  }
  return groups.map(({ prefix, numbers }) => prefix + bracketed(numbers)).join(',');
}

function bracketed(numbers: readonly string[]): string {
  if (numbers.length < 2) return numbers.join('');
  const ranges: { first: string; last: string }[] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range && follows(range.last, number)) range.last = number;
    else ranges.push({ first: number, last: number });
  }
  return `[${ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(',')}]`;
}

/** Padded numbers continue only at the same width: 09, 10 but not 9, 010. */
function follows(previous: string, next: string): boolean {
  const padded = (text: string): boolean => text.length > 1 && text.startsWith('0');
  const sameForm = previous.length === next.length || !(padded(previous) || padded(next));
  return sameForm && Number(next) === Number(previous) + 1;
}

function splitOutsideBrackets(text: string): readonly string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '[') depth += 1;
    if (character === ']') depth -= 1;
    if (character === ',' && depth === 0) parts.push('');
    else parts.push((parts.pop() ?? '') + character);
  }
  return parts;
}

function expandPart(part: string): readonly string[] {
  const match = /^([^[\]]*)\[([\d,-]+)\](.*)$/.exec(part);
  if (!match) return [part];
  const [, prefix = '', list = '', rest = ''] = match;
  const tails = expandPart(rest);
  return list
    .split(',')
    .flatMap(expandRange)
    .flatMap((number) => tails.map((tail) => prefix + number + tail));
}

function expandRange(range: string): readonly string[] {
  const [first = '', last = first] = range.split('-');
  const count = Number(last) - Number(first) + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, index) =>
    String(Number(first) + index).padStart(first.length, '0'),
  );
}
