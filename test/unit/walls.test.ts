import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

// The walls of docs/architecture.md: who may import whom, and who may touch the outside.

const root = join(import.meta.dirname, '../..');
const src = join(root, 'src');

interface Source {
  /** Relative to src. */
  readonly file: string;
  readonly text: string;
  /** Own files, relative to src; type-only imports left out. */
  readonly own: readonly string[];
  /** Packages and Node's modules, without `node:`; type-only imports left out. */
  readonly packages: readonly string[];
}

const sources: readonly Source[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => {
    const text = readFileSync(join(src, file), 'utf8');
    const imports = [
      ...text.matchAll(/^(?:import|export)\s(?!type\b)(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm),
      ...text.matchAll(/\bimport\(\s*'([^']+)'/g),
    ].map((match) => match[1] ?? '');
    return {
      file,
      text,
      own: imports
        .filter((name) => name.startsWith('.'))
        .map((name) => relative(src, join(src, dirname(file), name))),
      packages: imports.filter((name) => !name.startsWith('.')).map((name) => name.replace(/^node:/, '')),
    };
  });

const room = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '');

const LEAVES = new Set(['errors.ts', 'format.ts', 'start-stages.ts']);

/** What each room may import besides itself and the leaves. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  causes: [],
  config: [],
  plan: ['config'],
  render: ['plan', 'config', 'causes'],
  host: ['render'],
  scheduler: ['host'],
  run: ['scheduler', 'host', 'causes'],
  observe: ['run', 'scheduler', 'host', 'causes'],
  rehearsal: ['host', 'plan', 'config'],
  bench: ['run', 'observe', 'scheduler', 'host', 'plan', 'config'],
  report: ['bench', 'run', 'observe', 'scheduler', 'host', 'plan', 'config'],
  cli: ['config', 'plan', 'render', 'host', 'scheduler', 'run', 'observe', 'bench', 'report', 'rehearsal'],
  '': ['cli', 'host'],
};

test('each room imports only what its doors allow', () => {
  const wrong = sources.flatMap(({ file, own }) =>
    own
      .filter((target) => !LEAVES.has(target) && room(target) !== room(file))
      .filter((target) => !(DOORS[room(file)] ?? []).includes(room(target)))
      .map((target) => `${file} → ${target}`),
  );
  expect(wrong).toEqual([]);
});

/** Where each library may be imported. */
const LIBRARIES: ReadonlyMap<string, RegExp> = new Map([
  ['yaml', /^config\//],
  ['zod', /^(config|run)\/|^bench\/(read|tool\/builtin)\.ts$/],
  ['handlebars', /^render\/template\.ts$/],
  ['execa', /^host\/local\.ts$/],
  ['ssh2', /^host\/ssh\/(connect|identity|login)\.ts$/],
  ['listr2', /^cli\/watch\/view\.ts$/],
  ['etcd3', /^observe\/service\/discovery\.ts$/],
  ['nats', /^observe\/service\/bus\.ts$/],
  ['undici', /^bench\/client\/|^observe\/service\//],
  ['hdr-histogram-js', /^bench\/client\/histogram\.ts$/],
  ['uplot', /^report\/client\//],
  ['uplot/dist/uPlot.min.css', /^report\/client\//],
  ['commander', /^cli\/program(\.ts$|\/)/],
]);

test('libraries stay behind their walls', () => {
  const wrong = sources.flatMap(({ file, packages }) =>
    packages
      .filter((name) => !isBuiltin(name) && !LIBRARIES.get(name)?.test(file))
      .map((name) => `${file} → ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('ssh is loaded when a host at a distance is used, and not before', () => {
  const eager = sources.filter(
    ({ file, text }) =>
      !file.startsWith('host/ssh/') && /^import (?!type\b)[^;]*?from '\.[^']*\/ssh\//m.test(text),
  );
  expect(eager.map(({ file }) => file)).toEqual([]);
});

const PURE = [
  /^(causes|config|plan|render)\//,
  /^scheduler\/(slurm-argv|slurm-parse|job-state)\.ts$/,
  /^(errors|start-stages)\.ts$/,
];
const pure = sources.filter(({ file }) => PURE.some((pattern) => pattern.test(file)));

test("the pure rooms import nothing of Node's that has effects", () => {
  const harmless = new Set(['path/posix', 'yaml', 'zod', 'handlebars']);
  expect(
    pure.flatMap(({ file, packages }) =>
      packages.filter((name) => !harmless.has(name)).map((name) => `${file} → ${name}`),
    ),
  ).toEqual([]);
});

test('the pure rooms have no clock, random numbers, process or network', () => {
  const effect =
    /\b(Date\.now|new Date\(\)|performance\.|Math\.random|crypto\.|process\.|fetch\(|setTimeout|setInterval)/;
  expect(lines(pure, effect)).toEqual([]);
});

test('only main and world read the environment and end the process', () => {
  // Programs that pose as Slurm's and as a node's are entry points of their own.
  const open = (file: string) => file === 'main.ts' || file === 'cli/world.ts' || isEntry(file);
  const closed = sources.filter(({ file }) => !open(file));
  expect(lines(closed, /\bprocess\.(env|exit|argv|stdin|stdout|stderr|cwd|on)\b/)).toEqual([]);
});

test('nothing writes to the console', () => {
  expect(lines(sources, /\bconsole\./)).toEqual([]);
});

test('limits of time are made in one place, which knows how they get lost', () => {
  const others = sources.filter(({ file }) => file !== 'host/time-limit.ts');
  expect(lines(others, /\bAbortSignal\.timeout\b/)).toEqual([]);
});

test('files are named for their subject', () => {
  const names = /^(utils?|helpers?|types?|constants?|misc|common|shared|.*-?manager)\.ts$/;
  expect(sources.filter(({ file }) => names.test(basename(file))).map(({ file }) => file)).toEqual([]);
});

function isEntry(file: string): boolean {
  const build = readFileSync(join(root, 'scripts/build.mjs'), 'utf8');
  return file.startsWith('rehearsal/') && build.includes(`src/${file}`);
}

function lines(files: readonly Source[], pattern: RegExp): readonly string[] {
  return files.flatMap(({ file, text }) =>
    text
      .split('\n')
      .map((line, index) => `${file}:${index + 1}: ${line.trim()}`)
      .filter((line) => pattern.test(line) && !/: (\/\/|\/?\*)/.test(line)),
  );
}
