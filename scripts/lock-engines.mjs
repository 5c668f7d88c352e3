// Writes rehearsal/engines/NAME.txt, every wheel of an engine's environment by its hash, from NAME.in beside it, where a
// line `#- PACKAGE` leaves a package out. To update an engine, edit its .in file, then run
// `node scripts/lock-engines.mjs [NAME...]`. It needs `uv`, of which UV may say the path; uv's settings decide from where.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../rehearsal/engines', import.meta.url));
const OLDEST = '3.10';
const PYTHON = /^(py2|py3\d*|cp310|cp311|cp312|cp313)$/;
const PLATFORM = /^(any|(manylinux[\d_]*|linux)_(x86_64|aarch64))$/;
// The oldest Pythons that a wheel with a stable ABI names.
const STABLE = /^cp3\d+$/;

const names = readdirSync(folder).flatMap((file) => (file.endsWith('.in') ? [file.slice(0, -3)] : []));
const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : names) {
  const lock = locked(readFileSync(join(folder, `${name}.in`), 'utf8'), join(folder, `${name}.in`));
  writeFileSync(join(folder, `${name}.txt`), lock);
}

/** The lock of what a text asks for. */
function locked(text, file) {
  const scratch = mkdtempSync(join(tmpdir(), 'dyn-slurm-lock-'));
  try {
    const excludes = join(scratch, 'excludes.txt');
    const out = join(scratch, 'pylock.toml');
    writeFileSync(excludes, [...text.matchAll(/^#- (\S+)/gm)].map(([, name]) => `${name}\n`).join(''));
    const rules = [
      '--universal',
      '--python-version',
      OLDEST,
      '--only-binary',
      ':all:',
      '--excludes',
      excludes,
    ];
    const format = [
      '--quiet',
      '--no-header',
      '--no-annotate',
      '--format',
      'pylock.toml',
      '--output-file',
      out,
    ];
    execFileSync(process.env.UV ?? 'uv', ['pip', 'compile', ...rules, ...format, file], { stdio: 'inherit' });
    return readFileSync(out, 'utf8').split('[[packages]]\n').slice(1).map(entry).join('');
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** A package's lines; none for one of other systems. */
function entry(text) {
  const value = (key) => new RegExp(`^${key} = "(.*)"$`, 'm').exec(text)?.[1];
  const all = `python_full_version >= '${OLDEST}'`;
  const given = value('marker') ?? all;
  const marker = given === all ? undefined : given.replace(new RegExp(`^${all} and (?!.* or )`), '');
  // Only on other systems than Linux, as its marker says.
  const elsewhere = /sys_platform|platform_system/.test(marker ?? '');
  const wheels = [...text.matchAll(/url = "[^"]*\/([^"/]+)\.whl",.*?sha256 = "([0-9a-f]{64})"/g)];
  const sums = wheels.flatMap(([, wheel, sum]) => (fits(wheel) ? [`    --hash=sha256:${sum}`] : []));
  if (sums.length === 0 && elsewhere) return '';
  if (sums.length === 0) throw new Error(`${value('name')} ${value('version')} has no wheel for Linux`);
  return `${value('name')}==${value('version')}${marker ? ` ; ${marker}` : ''} \\\n${sums.sort().join(' \\\n')}\n`;
}

function fits(wheel) {
  const [python, abi, platform] = decodeURIComponent(wheel).split('-').slice(-3);
  const pythons =
    python.split('.').some((tag) => PYTHON.test(tag)) || (abi === 'abi3' && STABLE.test(python));
  return pythons && platform.split('.').some((tag) => PLATFORM.test(tag));
}
