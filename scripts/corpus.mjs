// How many recipes of srt-slurm import, plan and agree: `npm run corpus -- FOLDER…`. Exit 1 where a plan is another one than its
// recipe says. `--all` names every file of a reason, not only the first. `--rehearsable` also says which configs could be
// rehearsed on this machine.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleProgram } from './bundle-program.mjs';

const root = join(import.meta.dirname, '..');
const main = join(root, 'dist/main.js');
const words = process.argv.slice(2);
const all = words.includes('--all');
const folders = words.filter((word) => word !== '--all' && word !== '--rehearsable');

if (folders.length === 0) fail('name a folder of recipes: npm run corpus -- FOLDER');
if (!existsSync(main)) run([join(root, 'scripts/build.mjs')], 'inherit');

const began = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-corpus-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const { files } = importAll();
const seconds = ((Date.now() - began) / 1000).toFixed(1);

/** One variant of a file, with what became of it. */
const variants = files.flatMap(({ file, kind, variants, checks = [], findings }) => {
  const refused = findings.filter((finding) => finding.kind === 'refused');
  // Of a file that cannot be read, no variants are known.
  if (variants.length === 0 && refused.length > 0)
    return [
      { engine: 'unknown', imported: false, check: { outcome: 'refused', diagnostics: refused }, file },
    ];
  if (kind === 'other' || kind === 'cluster') return [];
  return variants.map((variant, index) => ({ ...variant, check: checks[index], file }));
});

const others = files.filter(({ kind }) => kind === 'other' || kind === 'cluster').length;
process.stdout.write(
  `${files.length} files, ${variants.length} recipes and variants${others > 0 ? `, ${others} files that are no recipes` : ''}, in ${seconds} s\n\n${table()}`,
);
reasons('Refused', (one) => one.outcome === 'refused', firstOf);
reasons(
  'Not planned yet',
  (one) => one.outcome === 'unplanned',
  ({ reason }, file) => [reason, file],
);
reasons(
  'Other plans than the recipe says',
  (one) => one.outcome === 'differs',
  ({ differences }, file) => [differences.join('; '), file],
);
if (words.includes('--rehearsable')) await rehearsals();
process.exitCode = variants.some(({ check }) => check.outcome === 'differs') ? 1 : 0;

function importAll() {
  const out = join(folder, 'import.json');
  const { status, stderr } = spawnSync(
    process.execPath,
    [main, 'import', ...folders, '--check', '--json', '--out', join(folder, 'configs')],
    {
      stdio: ['ignore', openSync(out, 'w'), 'pipe'],
    },
  );
  if (status !== 0 && status !== 3) fail(String(stderr));
  return JSON.parse(readFileSync(out, 'utf8'));
}

async function rehearsals() {
  const program = join(folder, 'rehearsable.mjs');
  await bundleProgram('scripts/rehearsable.ts', program);
  const { rehearsableIn } = await import(pathToFileURL(program).href);
  const all = await rehearsableIn(join(folder, 'configs'), root);
  const refused = all.filter(({ why }) => why !== undefined);
  process.stdout.write(
    `\n${all.length - refused.length} of ${all.length} imported configs and variants can be rehearsed\n`,
  );
  for (const { config, why } of refused) process.stdout.write(`  ${config}: ${why}\n`);
}

function table() {
  const engines = [...new Set(variants.map(({ engine }) => engine))].sort();
  const count = (engine, test) =>
    variants.filter((one) => (engine === 'all' || one.engine === engine) && test(one)).length;
  const outcome =
    (...names) =>
    ({ check }) =>
      names.includes(check.outcome);
  const columns = [
    ['variants', () => true],
    ['import', ({ imported }) => imported],
    ['plan', outcome('agrees', 'differs')],
    ['agree', outcome('agrees')],
    ['differ', outcome('differs')],
    ['not planned yet', outcome('unplanned')],
    ['refused', outcome('refused')],
  ];
  const rows = [...engines, 'all'].map((engine) => [
    engine,
    ...columns.map(([, test]) => String(count(engine, test))),
  ]);
  const head = ['engine', ...columns.map(([name]) => name)];
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at].length)));
  const line = (row) =>
    `${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  ')}\n`;
  return [head, ...rows].map(line).join('');
}

/** The first thing that is wrong, and where. */
function firstOf({ diagnostics }) {
  const [{ file, line, column, path, message }] = diagnostics;
  return [message, `${file}:${line}:${column}${path === '' ? '' : ` ${path}`}`];
}

/** Reasons by how many have them; what is quoted or counted may differ. */
function reasons(title, test, reasonOf) {
  const groups = new Map();
  for (const { check, file } of variants.filter(({ check }) => test(check))) {
    const [message, place] = reasonOf(check, file);
    const key = message.replace(/"[^"]*"|\d+/g, '…');
    const group = groups.get(key) ?? { message, places: [] };
    group.places.push(place);
    groups.set(key, group);
  }
  if (groups.size === 0) return;
  process.stdout.write(`\n${title}:\n`);
  for (const { message, places } of [...groups.values()].sort((a, b) => b.places.length - a.places.length)) {
    process.stdout.write(`  ${String(places.length).padStart(4)}  ${message}\n`);
    for (const place of all ? places : places.slice(0, 1)) process.stdout.write(`        ${place}\n`);
  }
}

function run(args, stdio) {
  const { status } = spawnSync(process.execPath, args, { stdio });
  if (status !== 0) process.exit(status ?? 1);
}

function fail(message) {
  process.stderr.write(`${message.trim()}\n`);
  process.exit(2);
}
