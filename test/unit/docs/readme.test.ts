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

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const COREUTILS =
  words(`base64 basename cat chmod cksum cp cut date df env head id mkdir mktemp mv od paste readlink realpath rm
  sha256sum sleep sort stat tail timeout tr wc`);

/** Its keywords, and those of its builtins that scripts use. */
const BASH =
  words(`bash if then else elif fi case esac for while until do done in function time break builtin cd command
  compgen continue declare disown echo eval exec exit export false kill let local mapfile printf pwd read readarray return set
  shift shopt source test trap true type typeset ulimit umask unset wait`);

/** The words of a script that stand where a command does, as far as a few regular expressions can tell. */
function commandsOf(script: string): readonly string[] {
  const substituted = (text: string): string =>
    `_${[...text.matchAll(/[$<]\(([^()]*)/g)].map(([, inner = '']) => ` $(${inner.replace(/["']/g, '_')}) `).join('')}`;
  const code = script
    .replace(/(^|\s)#.*$/gm, '$1')
    .replace(/\\(\n|["'])/g, ' ')
    .replace(/\[?\[:\w+:\]\]?/g, '')
    .replace(/"[^"]*"|'[^']*'/g, substituted)
    .replace(/\(\(.*?\)\)/g, substituted)
    .replace(/\[\[ .*?\]\]/gs, substituted)
    // Patterns of a case.
    .replace(/^\s*[\w*|@ .-]+\)(?=\s|$)/gm, '')
    .replace(
      /(^|[;&|({])(\s*(then|do|if|while|until|else|elif|exec|time|timeout\s+\S+|run_with_preamble|smi|!|\w+=(?:(?!\$\()\S)*)\s)+/gm,
      '$1 ',
    );
  const stands = /(?:^|[;&|({])\s*(?<command>[a-z][\w+-]*)(?=[\s;|&)]|$)/gm;
  return [...code.matchAll(stands)].map(({ groups }) => groups?.command ?? '');
}

test('commands are found where they stand', () => {
  const script = `x=$(one a) && two | y=1 timeout 9 three "$(four "$z")" 'not this' # nor this
if five; then timeout 3 six; fi
[[ $(seven) == a && $b =~ nine|ten ]] || { eight; }`;
  expect(commandsOf(script).filter((word) => !BASH.includes(word))).toEqual(
    'one two three four five six seven eight'.split(' '),
  );
});

const jobScripts = readdirSync(join(packageRoot, 'slurm_jobs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /job\.sbatch$|preflight\.sh$/.test(name))
  .map((name) => join('slurm_jobs', name));

test('what the compute nodes need besides bash and coreutils', () => {
  const templates = readdirSync(join(packageRoot, 'templates'), { recursive: true, encoding: 'utf8' });
  const scripts = [
    ...templates.filter((name) => name.endsWith('.sh')).map((name) => join('templates', name)),
    ...jobScripts,
  ].map(text);
  const functions = scripts.flatMap((script) =>
    [...script.matchAll(/^\s*(\w+)\(\)/gm)].map(([, name]) => name),
  );
  const known = new Set([...BASH, ...COREUTILS, ...functions]);
  const used = [...new Set(scripts.flatMap(commandsOf))].filter((word) => !known.has(word)).sort();

  const [, section = ''] = text('docs/on-the-cluster.md').split('\n## Programs on the nodes\n');
  const rows = [...section.replace(/\n## .*/s, '').matchAll(/^\| (`.*?) \|/gm)].map(([, cell = '']) => cell);
  const named = rows.flatMap((cell) => [...cell.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name));
  expect(named.filter((name) => name !== 'bash').sort()).toEqual(used);

  const [claim = ''] = /bash 4\.4[^;.]*\.?[^;.]*/.exec(README) ?? [];
  for (const program of ['grep', 'sed', 'ip']) expect(claim).toContain(`\`${program}\``);
});

test('slurm_jobs has the bundle of every example', () => {
  const configs = readdirSync(join(packageRoot, 'configs')).filter((name) => name.endsWith('.yaml'));
  const jobs = readdirSync(join(packageRoot, 'slurm_jobs'));
  expect(jobs).toEqual(expect.arrayContaining(configs.map((name) => name.replace('.yaml', ''))));
});

test('the distance of dist-init ports', () => {
  expect(CLUSTER).toContain(`29500 + ${RANK_PORTS} × slot`);
});
