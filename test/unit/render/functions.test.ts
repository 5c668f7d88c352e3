import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../world.ts';

const templates = join(packageRoot, 'templates');
const jobs = join(packageRoot, 'slurm_jobs');
const read = (file: string): string => readFileSync(join(templates, file), 'utf8');

const SCRIPTS = readdirSync(templates, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.sh'))
  .sort();

/** Lines of a function, by its name; where a name is defined twice, twice. */
function functionsIn(file: string): readonly (readonly [string, number])[] {
  const found: [string, number][] = [];
  let begun = 0;
  for (const [index, line] of read(file).split('\n').entries()) {
    const name = /^([a-z_0-9]+)\(\) [{(]/.exec(line)?.[1];
    if (name !== undefined) found.push([name, 0]);
    if (name !== undefined) begun = index;
    const last = found.at(-1);
    if (/^[})]/.test(line) && last && last[1] === 0) last[1] = index - begun + 1;
  }
  return found;
}

/** What the shell of job.sbatch sources. */
const SUPERVISOR = SCRIPTS.filter((file) => /^(lib|cause-line|environment)\.sh$|^lib\//.test(file));

test('no function of the supervisor is defined twice', () => {
  const names = SUPERVISOR.flatMap(functionsIn).map(([name]) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('no function is longer than 40 lines', () => {
  expect(SCRIPTS.flatMap(functionsIn).filter(([, lines]) => lines > 40)).toEqual([]);
});

test('no script evaluates text, or keeps shellcheck from more than a line', () => {
  const lines = SCRIPTS.flatMap((file) =>
    read(file)
      .split('\n')
      .map((line) => `${file}: ${line}`),
  );
  const evaluated = lines.filter((line) => /: *[^#]*\beval\b/.test(line));
  const blanket = SCRIPTS.filter((file) => /^(#.*\n)*# shellcheck .*disable=/.test(read(file)));
  expect([evaluated, blanket]).toEqual([[], []]);
});

describe.each(readdirSync(jobs).filter((name) => existsSync(join(jobs, name, 'job.sbatch'))))(
  '%s',
  (name) => {
    const script = (file: string): string => {
      const path = join(jobs, name, file);
      return existsSync(path) ? readFileSync(path, 'utf8') : '';
    };
    const names = /^RUNTIME_FILES=\(([^)]*)\)$/m.exec(script('job.sbatch'))?.[1]?.trim().split(/\s+/) ?? [];
    const files = names.filter((file) => file.endsWith('.sh'));

    test('calls no function of a part of the runtime that it does not have', () => {
      const absent = SCRIPTS.filter((file) => /^(lib|node)\//.test(file) && !files.includes(file));
      const functions = absent.flatMap(functionsIn).map(([called]) => called);
      const present = [...files.map(read), script('job.sbatch'), script('preflight.sh')];
      const code = present.flatMap((text) => text.split('\n')).filter((line) => !/^ *#/.test(line));
      // Lines that ask first whether the job has the part; and an interface is looked for where the plan names one.
      const guarded = /\bhas [a-z]+ \|\| |-z \$(TLS|OWNED) \]\] \|\| |^ *\*\) take_named /;
      const plain = code.filter((line) => !guarded.test(line));
      const called = (word: string): boolean => plain.some((line) => new RegExp(`\\b${word}\\b`).test(line));
      expect(functions.length).toBeGreaterThan(0);
      expect(functions.filter(called)).toEqual([]);
    });
  },
);
