// Makes recorded truth of a run: node test/recorded/shorten.mjs RUN_FOLDER TARGET [FROM=TO]...
//
// Copies what an engine and a job wrote, shortened so that a test may keep it, and without the machine's paths: each FROM
// becomes TO, such as /scratch/venv=/opt/venv. What stays is unchanged: every batch line, every line of a traceback and of
// an error; of lines that differ in numbers only, the first and the last few; of a progress bar, some of its states; of
// metrics, a scrape every few seconds. Lines are cut at 2,000 characters.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LONGEST = 2000;
const [FIRST, LAST] = [4, 2];
const SCRAPES = 16;

/** What a line says but for its stamp, ids and numbers. */
const shapeOf = (line) =>
  line
    .replace(/\S*[0-9a-f]{8}-[0-9a-f]{4}-\S*|\b[0-9a-f]{16,}\b/g, 'ID')
    .replace(/loading \S+: No module/, 'loading X: No module')
    .replace(/\d+(\.\d+)?/g, 'N')
    .slice(0, 110);

const isBatch = (line) => / batch, #|Engine \d+: Avg prompt/.test(line);
const mayRepeat = (line) => /^\S+\s+(INFO|WARN|DEBUG|ERROR) /.test(line) && !isBatch(line);
const isUsage = (line) => /^\s+\[--/.test(line);

/** The first and last few of each group, in their order. `groupOf`: undefined keeps a line. */
function thinned(lines, groupOf, first = FIRST, last = LAST) {
  const counts = new Map();
  for (const line of lines) counts.set(groupOf(line), (counts.get(groupOf(line)) ?? 0) + 1);
  const seen = new Map();
  return lines.filter((line) => {
    const group = groupOf(line);
    const at = seen.get(group) ?? 0;
    seen.set(group, at + 1);
    return group === undefined || at < first || at >= counts.get(group) - last;
  });
}

/** A progress bar draws over itself. */
function barOf(line) {
  const states = line.split('\r');
  const kept = states.filter((_, at) => at < 2 || at >= states.length - 2 || at % 16 === 0);
  return kept.map((state) => state.slice(0, LONGEST)).join('\r');
}

const groupOf = (line) => (isUsage(line) ? 'usage' : mayRepeat(line) ? shapeOf(line) : undefined);
const logOf = (text) => thinned(text.split('\n').map(barOf), groupOf).join('\n');

/** As many scrapes as SCRAPES, each of all its targets. */
function metricsOf(text) {
  const scrapes = text.split(/^(?=# scrape )/m).filter(Boolean);
  const rounds = [];
  for (const scrape of scrapes) {
    const target = scrape.split(/[ \n]/)[3];
    const round = rounds.at(-1);
    if (round === undefined || round.has(target)) rounds.push(new Map([[target, scrape]]));
    else round.set(target, scrape);
  }
  const step = Math.max(1, Math.ceil(rounds.length / SCRAPES));
  const kept = rounds.filter((_, at) => at % step === 0);
  return kept.flatMap((round) => [...round.values()]).join('');
}

/** `names`: pairs of what is replaced and by what. */
function shortenRun(from, to, names) {
  for (const path of readdirSync(from, { recursive: true })) {
    if (!statSync(join(from, path)).isFile()) continue;
    let text = readFileSync(join(from, path), 'utf8');
    if (/\.prom$/.test(path)) text = metricsOf(text);
    else if (/\.log$/.test(path)) text = logOf(text);
    for (const [name, instead] of names) text = text.replaceAll(name, instead);
    mkdirSync(join(to, path, '..'), { recursive: true });
    writeFileSync(join(to, path), text);
  }
}

const [from, to, ...names] = process.argv.slice(2);
if (to === undefined) throw new Error('usage: node shorten.mjs RUN_FOLDER TARGET [FROM=TO]...');
shortenRun(
  from,
  to,
  names.map((pair) => pair.split('=')),
);
