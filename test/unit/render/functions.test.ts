import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../world.ts';

const templates = join(packageRoot, 'templates');
const jobs = join(packageRoot, 'slurm_jobs');

const textsIn = (folder: string, named: RegExp): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => named.test(file))
      .sort()
      .map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
  );

/** The static runtime, by path in templates/. */
const RUNTIME = textsIn(templates, /\.sh$/);
/** All bash that a job may have: templates, and what the examples make of them. */
const BASH = new Map([
  ...textsIn(templates, /\.(sh|hbs)$/),
  ...[...textsIn(jobs, /\.(sh|sbatch|env)$/)].map(([file, text]) => [`slurm_jobs/${file}`, text] as const),
]);

/** Each function's name, and its lines with those of its braces; where a name is defined twice, twice. */
function functionsIn(text: string): readonly (readonly [name: string, lines: number])[] {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    const [, indent, name] = /^( *)(?:function +)?(\w+) *\(\) *[{(]/.exec(line) ?? [];
    if (name === undefined) return [];
    const length = lines.slice(at).findIndex((each) => new RegExp(`^${indent}[})]`).test(each));
    return [[name, length + 1]];
  });
}

/** Lines that some expression fits, and that are no comment, after their file's name. */
const linesLike = (pattern: RegExp, texts: ReadonlyMap<string, string> = BASH): readonly string[] =>
  [...texts].flatMap(([file, text]) =>
    text
      .split('\n')
      .filter((line) => !/^ *#/.test(line) && pattern.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );

/** What runs as one shell: a script with what it sources. */
const SHELLS: readonly (readonly [name: string, files: RegExp])[] = [
  // Workers are registered in etcd, or they are servers of their own: a job has the parts for one of both.
  ['job.sbatch', /^(lib|cause-line|environment)\.sh$|^lib\/(?!servers)/],
  ['job.sbatch without Dynamo', /^(lib|cause-line|environment)\.sh$|^lib\/(?!etcd|turned-away)/],
  ['node.sh', /^node(\.sh$|\/)/],
  ['task.sh', /^(task|setup|cause-line|environment)\.sh$/],
  ['bench.sh', /^(bench|environment)\.sh$/],
  ['metrics.sh', /^(metrics|lib\/events|lib\/http)\.sh$/],
];

test.each(SHELLS)('no function of %s is defined twice', (_, files) => {
  const texts = [...RUNTIME].flatMap(([file, text]) => (files.test(file) ? [text] : []));
  const names = texts.flatMap(functionsIn).map(([name]) => name);
  expect(names.length).toBeGreaterThan(2);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('no function is longer than 40 lines', () => {
  const lengths = (lines: number) => functionsIn(`  f() {\n${'  :\n'.repeat(lines - 2)}  }\n`);
  expect([lengths(40), lengths(41)]).toEqual([[['f', 40]], [['f', 41]]]);
  const all = [...BASH].flatMap(([file, text]) => functionsIn(text).map((each) => [file, ...each] as const));
  expect(all.length).toBeGreaterThan(RUNTIME.size);
  expect(all.filter(([, , lines]) => lines > 40)).toEqual([]);
});

test('no script evaluates text', () => {
  expect(linesLike(/(^|[\s;&|({])eval\b/)).toEqual([]);
});

test('nothing is sourced but the runtime, what was rendered for the job, and what a cluster profile has', () => {
  const sourced = linesLike(/(^|[\s;&|({])(\.|source) +["$%/\w]/, textsIn(templates, /\.(sh|hbs)$/));
  expect(sourced).toEqual([
    'bench.sh: . "$DYN_SLURM_RUN_DIR/runtime/environment.sh" || exit 1',
    'job.sbatch.hbs: . "$RUN_DIR/runtime/lib.sh" || exit 1',
    // Files that job.sbatch lists, and has compared with their hash.
    'lib.sh: . "$RUNTIME/$PART" || exit 1',
    'lib/nodes.sh: [[ ! -r $0 ]] || { . "$0" "$@"; exit; }',
    // In the preamble's own shell: the preamble, and the login files that define `module`.
    `lib/preamble.sh: printf -v script 'trap %q EXIT; . %q; [[ $? == 0 ]] || : >|%q.failed; %s; : >|%q.whole' \\`,
    'lib/preamble.sh: [[ ! -r $file ]] || . "$file"',
    'metrics.sh: . "$RUNTIME/lib/events.sh" || exit 1',
    'metrics.sh: . "$RUNTIME/lib/http.sh" || exit 1',
    'node.sh: . "${BASH_SOURCE[0]%/*}/$PART"',
    'node.sh: . "$RUN_DIR/preflight.sh"',
    'step.sh.hbs: . "$RUN_DIR/runtime/task.sh" || exit 1',
    'step.sh.hbs: . "$RUN_DIR/runtime/kernels.sh" || exit 1',
    `step.sh.hbs: . "$RUN_DIR"/{{env}} || give_up 'cannot read its environment'`,
    'step.sh.hbs: . "$RUN_DIR/runtime/installed.sh" || exit 1',
    `step.sh.hbs: . "$RUN_DIR/runtime/setup.sh" || give_up 'cannot read its setup'`,
    'step.sh.hbs: . "$RUN_DIR/runtime/gpu-share.sh" || exit 1',
    'task.sh: . "${BASH_SOURCE[0]%/*}/cause-line.sh" || exit 1',
    'task.sh: . "${BASH_SOURCE[0]%/*}/environment.sh" || exit 1',
  ]);
});

test('shellcheck is kept from single lines only, and each of them says why', () => {
  const disabled = [...BASH].flatMap(([file, text]) =>
    text
      .split('\n')
      .flatMap((line, at) =>
        line.includes('shellcheck') && line.includes('disable=') ? [{ file, line, at }] : [],
      ),
  );
  expect(disabled.filter(({ line }) => !/# shellcheck .*disable=[\w,]+ # \S/.test(line))).toEqual([]);
  // The environment of a step is one array, and nothing else.
  const first = disabled.filter(({ file, at }) =>
    BASH.get(file)
      ?.split('\n')
      .slice(0, at)
      .every((line) => /^(#.*)?$/.test(line)),
  );
  expect(first.filter(({ file }) => !file.endsWith('.env'))).toEqual([]);
});

describe.each(readdirSync(jobs).filter((name) => existsSync(join(jobs, name, 'job.sbatch'))))(
  '%s',
  (name) => {
    const script = (file: string): string => {
      const path = join(jobs, name, file);
      return existsSync(path) ? readFileSync(path, 'utf8') : '';
    };
    const names = /^RUNTIME_FILES=\(([^)]*)\)$/m.exec(script('job.sbatch'))?.[1]?.trim().split(/\s+/) ?? [];
    const texts = [...RUNTIME];

    test('calls no function of a part of the runtime that it does not have', () => {
      const absent = texts.filter(([file]) => /^(lib|node)\//.test(file) && !names.includes(file));
      const own = texts.flatMap(([file, text]) => (names.includes(file) ? [text] : []));
      const there = own.flatMap((text) => functionsIn(text).map(([name]) => name));
      const functions = absent
        .flatMap(([, text]) => functionsIn(text).map(([name]) => name))
        .filter((name) => !there.includes(name));
      const present = [...own, script('job.sbatch'), script('preflight.sh')];
      const code = present.flatMap((text) => text.split('\n')).filter((line) => !/^ *#/.test(line));
      // Lines that ask first whether the job has the part; and an interface is looked for where the plan names one.
      const guarded =
        /\bhas [a-z]+ \|\| |movable-ports\.txt \]\] \|\| |-z \$(TLS|OWNED) \]\] \|\| |^ *\*\) take_named /;
      const plain = code.filter((line) => !guarded.test(line));
      const called = (word: string): boolean => plain.some((line) => new RegExp(`\\b${word}\\b`).test(line));
      expect(functions.length).toBeGreaterThan(0);
      expect(functions.filter(called)).toEqual([]);
    });
  },
);
