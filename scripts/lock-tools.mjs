// Writes the hashes of every wheel that a rehearsal's tools may need into rehearsal/*.txt and templates/servers.txt. To update a package, edit its
// version there, then run `node scripts/lock-tools.mjs`. pip finds the wheels, so its settings decide from where.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('..', import.meta.url));
const LOCKS = ['rehearsal/requirements.txt', 'templates/servers.txt', 'rehearsal/shellcheck.txt'];
const PYTHONS = ['310', '311', '312', '313', '314'];
// aarch64 has no shellcheck: set-up then looks on PATH.
const MACHINES = {
  'rehearsal/requirements.txt': ['x86_64', 'aarch64'],
  'templates/servers.txt': ['x86_64', 'aarch64'],
  'rehearsal/shellcheck.txt': ['x86_64'],
};
const GLIBCS = ['manylinux_2_28', 'manylinux_2_17', 'manylinux2014', 'manylinux_2_5', 'manylinux1'];

for (const lock of LOCKS) {
  const path = join(folder, lock);
  const pins = [...readFileSync(path, 'utf8').matchAll(/^([a-z0-9-]+)==(\S+)/gm)];
  const entries = pins.map(([pin]) => `${pin} \\\n${hashes(pin, MACHINES[lock])}\n`);
  writeFileSync(path, entries.join(''));
}

function hashes(pin, machines) {
  const wheels = mkdtempSync(join(tmpdir(), 'dyn-slurm-lock-'));
  try {
    for (const machine of machines) for (const python of PYTHONS) download(pin, machine, python, wheels);
    const found = readdirSync(wheels).map((name) => readFileSync(join(wheels, name)));
    const sums = found.map((wheel) => createHash('sha256').update(wheel).digest('hex'));
    return sums
      .sort()
      .map((sum) => `    --hash=sha256:${sum}`)
      .join(' \\\n');
  } finally {
    rmSync(wheels, { recursive: true });
  }
}

function download(pin, machine, python, wheels) {
  const platforms = GLIBCS.flatMap((glibc) => ['--platform', `${glibc}_${machine}`]);
  const abis = [`cp${python}`, 'abi3', 'none'].flatMap((abi) => ['--abi', abi]);
  const rules = ['--no-deps', '--only-binary', ':all:', '--implementation', 'cp', '--python-version', python];
  const argv = ['-m', 'pip', 'download', '--quiet', ...rules, ...platforms, ...abis, '--dest', wheels, pin];
  execFileSync('python3', argv, { stdio: ['ignore', 'inherit', 'inherit'] });
}
