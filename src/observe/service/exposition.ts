/** One sample of a page of metrics. Counters and buckets may be above 2^53, where the last digits are lost. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Reads Prometheus' text format, or OpenMetrics'. What is no sample is passed over. `keep`: leave out other names, which
 * on a page of thousands is most of the time.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parseExposition(
  text: string,
  keep: (name: string) => boolean = () => true,
): readonly Sample[] {
  const samples: Sample[] = [];
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const sample = text.charAt(start) === '#' ? undefined : parseSample(text.slice(start, end), keep);
    if (sample) samples.push(sample);
    start = end + 1;
  }
  return samples;
}

const NAME = /^\s*([a-zA-Z_:][\w:.]*)/;

function parseSample(line: string, keep: (name: string) => boolean): Sample | undefined {
  const [before = '', name = ''] = NAME.exec(line) ?? [];
  if (name === '' || !keep(name)) return undefined;
  const read = line.charAt(before.length) === '{' ? readLabels(line, before.length + 1) : undefined;
  if (line.charAt(before.length) === '{' && read === undefined) return undefined;
  // A time, or an exemplar, may follow the value.
  const [word = ''] = line
    .slice(read?.end ?? before.length)
    .trim()
    .split(/\s/);
  const value = parseValue(word);
  return value === undefined ? undefined : { name, labels: read?.labels ?? {}, value };
}

const LABEL = /\s*([a-zA-Z_][\w.]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,?)/y;
const CLOSE = /\s*\}/y;

/** Labels from behind the brace on, and where they end; undefined where they do not. */
function readLabels(
  line: string,
  from: number,
): { readonly labels: Record<string, string>; readonly end: number } | undefined {
  const labels: Record<string, string> = {};
  let at = from;
  for (;;) {
    CLOSE.lastIndex = at;
    if (CLOSE.test(line)) return { labels, end: CLOSE.lastIndex };
    LABEL.lastIndex = at;
    const found = LABEL.exec(line);
    if (!found) return undefined;
    const [, name = '', value = ''] = found;
    labels[name] = value.includes('\\') ? unescaped(value) : value;
    at = LABEL.lastIndex;
  }
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

const WORDS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '+inf': Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

function parseValue(word: string): number | undefined {
  if (word === '') return undefined;
  const special = WORDS[word.toLowerCase()];
  if (special !== undefined) return special;
  const value = Number(word);
  return Number.isNaN(value) ? undefined : value;
}
