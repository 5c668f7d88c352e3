/** The names in a Slurm host list such as `node[0-2,07],head`, in order. What is no valid list stands for itself. */
export function expandHostlist(expression: string): readonly string[] {
  return expression
    .split(/,(?![^[]*\])/)
    .filter((part) => part !== '')
    .flatMap(expandPart);
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
