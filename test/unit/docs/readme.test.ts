import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { processWorld } from '../../../src/cli/world.ts';
import { RANK_PORTS } from '../../../src/engines/worker.ts';
import { packageRoot } from '../../world.ts';
import { site } from '../cli/run-folder.ts';

// What the README and the page for administrators claim.

const text = (path: string): string => readFileSync(join(packageRoot, path), 'utf8');
const README = text('README.md').replace(/\s+/g, ' ');
const CLUSTER = text('docs/on-the-cluster.md').replace(/\s+/g, ' ');

async function help(...argv: string[]): Promise<string> {
  const { world, out } = await site();
  await run([...argv, '--help'], '0', { ...world, columns: 200 });
  return out();
}

test('which commands take --json', async () => {
  const names = [...(await help()).matchAll(/^ {2}([a-z]+) (?=\[|<| )/gm)].map(([, name = '']) => name);
  const without: string[] = [];
  for (const name of names.filter((each) => each !== 'help')) {
    if (!(await help(name)).includes('--json')) without.push(name);
  }
  const [, claimed = ''] = /All commands but (.*?) take `--json`/.exec(README) ?? [];
  expect([...claimed.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort()).toEqual(without.sort());
});

test('NO_COLOR wins, whatever else asks for colors', () => {
  const { color, page } = processWorld(
    Object.assign(Object.create(process), { env: { NO_COLOR: '1', FORCE_COLOR: '1' } }),
    packageRoot,
    new AbortController().signal,
  );
  expect([color, page.color]).toEqual([false, false]);
});

/** Programs that are no part of bash or coreutils. */
const FOREIGN =
  'awk sed grep find xargs curl wget jq node python python3 perl ruby flock ss netstat nc ncat hostname ps pgrep pkill getent ip getconf openssl bc setsid findmnt numactl'.split(
    ' ',
  );

test('what the compute nodes need besides bash and coreutils', () => {
  const templates = readdirSync(join(packageRoot, 'templates'), { recursive: true, encoding: 'utf8' });
  const scripts = templates.filter((name) => /\.sh(\.hbs)?$|sbatch\.hbs$/.test(name));
  const lines = scripts
    .flatMap((name) => text(join('templates', name)).split('\n'))
    .filter((line) => !/^\s*#/.test(line));
  const used = FOREIGN.filter((program) =>
    lines.some((line) =>
      new RegExp(`(^|[|;&(]|! |then |do |if |while |exec |timeout [\\d.]+ )\\s*${program}( |$|\\))`).test(
        line,
      ),
    ),
  );
  for (const page of [README, CLUSTER]) {
    const [claim = ''] = /bash 4\.4[^;:]*/.exec(page) ?? [];
    expect(used.filter((program) => !new RegExp(`\\b${program}\\b`).test(claim))).toEqual([]);
    expect(FOREIGN.filter((program) => new RegExp(`\\b${program}\\b`).test(claim)).sort()).toEqual(
      used.sort(),
    );
  }
});

test('slurm_jobs has the bundle of every example', () => {
  const configs = readdirSync(join(packageRoot, 'configs')).filter((name) => name.endsWith('.yaml'));
  const jobs = readdirSync(join(packageRoot, 'slurm_jobs'));
  expect(jobs).toEqual(expect.arrayContaining(configs.map((name) => name.replace('.yaml', ''))));
});

test('the distance of dist-init ports', () => {
  expect(CLUSTER).toContain(`29500 + ${RANK_PORTS} × slot`);
});
