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
  /** Own files, relative to src, that are loaded before this one runs; then also those that only types come from. */
  readonly own: readonly string[];
  readonly withTypes: readonly string[];
  /** Packages and Node's modules, without `node:`; type-only imports left out. */
  readonly packages: readonly string[];
}

const sources: readonly Source[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => {
    const text = readFileSync(join(src, file), 'utf8');
    const named = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? '');
    const own = (names: readonly string[]) =>
      names
        .filter((name) => name.startsWith('.'))
        .map((name) => relative(src, join(src, dirname(file), name)));
    const later = named(/\bimport\(\s*'([^']+)'/g);
    const values = named(/^(?:import|export)\s(?!type\b)(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm);
    const imports = [...values, ...later];
    return {
      file,
      text,
      own: own(imports),
      withTypes: own([...later, ...named(/^(?:import|export)\s(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm)]),
      packages: imports.filter((name) => !name.startsWith('.')).map((name) => name.replace(/^node:/, '')),
    };
  });

const room = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '');

const LEAVES = new Set(['errors.ts', 'format.ts', 'start-stages.ts', 'argument.ts']);

/** What each room may import besides itself and the leaves. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  causes: [],
  config: [],
  engines: ['config'],
  frontends: ['config', 'engines'],
  plan: ['config', 'engines', 'frontends'],
  render: ['plan', 'config', 'causes'],
  host: ['render'],
  scheduler: ['host'],
  run: ['scheduler', 'host', 'causes'],
  observe: ['engines', 'run', 'scheduler', 'host', 'causes'],
  rehearsal: ['host', 'plan', 'frontends', 'engines', 'config'],
  bench: ['engines', 'run', 'observe', 'scheduler', 'host', 'plan', 'config'],
  report: ['bench', 'run', 'observe', 'engines', 'scheduler', 'host', 'plan', 'config'],
  import: ['config', 'plan'],
  cli: [
    'import',
    'config',
    'engines',
    'plan',
    'render',
    'host',
    'scheduler',
    'run',
    'observe',
    'bench',
    'report',
    'rehearsal',
  ],
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

test('docs/architecture.md lists these doors', () => {
  const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `src\/(\w+)` \|.*\|(.*)\|$/gm)].map(([, folder = '', cell = '']) => {
    const names = [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
    return [folder, names.filter((name) => name in DOORS).sort()] as const;
  });
  const { '': _main, ...rooms } = DOORS;
  const doors = Object.entries(rooms).map(([folder, names]) => [folder, [...names].sort()] as const);
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(doors));
});

/** Rooms whose types another room may use besides its doors: of data that it reads, and that the other decides. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  run: ['config', 'plan'],
  observe: ['config', 'plan'],
  rehearsal: ['run'],
};

test('each room uses only types of rooms that its doors lead to, or whose data it reads', () => {
  const wrong = sources.flatMap(({ file, withTypes }) =>
    withTypes
      .filter((target) => !LEAVES.has(target) && room(target) !== room(file))
      .filter(
        (target) => ![...(DOORS[room(file)] ?? []), ...(TYPES[room(file)] ?? [])].includes(room(target)),
      )
      .map((target) => `${file} → ${target}`),
  );
  expect(wrong).toEqual([]);
});

/** Rooms with circles that are still to be cut. */
const ROOMS_WITH_CIRCLES = new Set(['config', 'plan']);

test('no files import each other in a circle, not even for types', () => {
  const found = circles(new Map(sources.map(({ file, withTypes }) => [file, withTypes])));
  expect(found.filter((circle) => !circle.every((file) => ROOMS_WITH_CIRCLES.has(room(file))))).toEqual([]);
});

test('no folders import each other in a circle', () => {
  const folders = new Map<string, string[]>();
  for (const { file, withTypes } of sources) {
    const targets = withTypes.filter((target) => !LEAVES.has(target)).map(dirname);
    // A folder and those in it are one.
    const others = targets.filter((target) => !nested(target, dirname(file)));
    folders.set(dirname(file), [...(folders.get(dirname(file)) ?? []), ...others]);
  }
  const known = (folder: string) => ROOMS_WITH_CIRCLES.has(room(`${folder}/`));
  expect(circles(folders).filter((circle) => !circle.every(known))).toEqual([]);
});

/** Layers of the command line, lowest first; what lies beside them in src/cli is below them all. */
const LAYERS = ['runs', 'views', 'commands', 'program', 'program.ts'];

test('in the command line commands use views and runs, views use runs, and runs neither', () => {
  const layer = (file: string) => LAYERS.indexOf(file.split('/')[1] ?? '');
  const wrong = sources
    .filter(({ file }) => room(file) === 'cli')
    .flatMap(({ file, withTypes }) =>
      withTypes
        .filter((target) => room(target) === 'cli' && layer(target) > layer(file))
        .map((target) => `${file} → ${target}`),
    );
  expect(wrong).toEqual([]);
});

const nested = (one: string, other: string) =>
  one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);

// A number, not a share: a share would forbid joining small files that hold one idea together.
test('a file holds one idea: at most 70 have over 150 lines, and none has over 400', () => {
  const lengths = sources.map(({ file, text }) => [text.split('\n').length - 1, file] as const);
  expect(lengths.filter(([length]) => length > 150).length).toBeLessThanOrEqual(70);
  expect(lengths.filter(([length]) => length > 400)).toEqual([]);
});

/** Sets of nodes each of which leads to all others of its set (Tarjan's strongly connected components), sorted. */
function circles(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    let low = order.size;
    const own = low;
    order.set(node, own);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    if (low === own) {
      const circle = stack.splice(stack.indexOf(node));
      if (circle.length > 1) found.push(circle.sort());
    }
    return low;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found.toSorted(([one = ''], [other = '']) => one.localeCompare(other));
}

test('above the plan nothing knows the config’s Job, by type imports either', () => {
  const found = sources.filter(
    ({ file, text }) =>
      !/^(config|engines|frontends|plan)\//.test(file) &&
      /^import (type )?\{[^}]*\bJob\b[^}]*\} from '[^']*config\/job\.ts'/m.test(text),
  );
  expect(found.map(({ file }) => file).toSorted()).toEqual([]);
});

test('render sees the plan and templates, and of the config only what kinds of benchmarks there are', () => {
  const found = sources
    .filter(({ file }) => file.startsWith('render/'))
    .flatMap(({ file, text }) =>
      [...text.matchAll(/from '\.\.\/config\/([^']+)'/g)].map((match) => `${file} → ${match[1]}`),
    );
  expect(found).toEqual(['render/bundle.ts → schema/bench.ts']);
});

/** Where each library may be imported. */
const LIBRARIES: ReadonlyMap<string, RegExp> = new Map([
  ['yaml', /^(config|engines\/trtllm)\/|^frontends\/trtllm-serve\.ts$/],
  ['zod', /^(config|run)\/|^bench\/(read|tool\/(accuracy|measured))\.ts$/],
  ['handlebars', /^render\/template\.ts$/],
  ['execa', /^host\/local\.ts$/],
  ['ssh2', /^host\/ssh\/(connect|identity|login)\.ts$/],
  ['listr2', /^cli\/views\/screen\.ts$/],
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
  /^(causes|config|engines|frontends|plan|render)\//,
  /^scheduler\/(slurm-argv|slurm-parse|job-state)\.ts$/,
  /^(errors|start-stages|word)\.ts$/,
];
const pure = sources.filter(({ file }) => PURE.some((pattern) => pattern.test(file)));

test("the pure rooms import nothing of Node's that has effects", () => {
  // Of crypto, hashes.
  const harmless = new Set(['path/posix', 'crypto', 'yaml', 'zod', 'handlebars']);
  expect(
    pure.flatMap(({ file, packages }) =>
      packages.filter((name) => !harmless.has(name)).map((name) => `${file} → ${name}`),
    ),
  ).toEqual([]);
});

test('the pure rooms have no clock, random numbers, process or network', () => {
  const effect =
    /\b(Date\.now|new Date\(\)|performance\.|Math\.random|crypto\.|random(Bytes|UUID|Int)|process\.|fetch\(|setTimeout|setInterval)/;
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

/** Where engines have names: their folder, what a config may say, tables by program, and tools of benchmarks, which two of them bring. */
const ENGINE_NAMES =
  /^(engines|frontends|import|bench)\/|^config\/(schema|compat)\/|^plan\/bench\/|^rehearsal\/(rehearsable|engines\/catalog)\.ts$|^cli\/program\//;

test('only their own folder, configs and tables know engines by name', () => {
  const elsewhere = sources.filter(({ file }) => !ENGINE_NAMES.test(file));
  const named = elsewhere.flatMap(({ file, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        /sglang|vllm|trt-?llm|tensorrt/i.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
      ),
  );
  expect(named).toEqual([]);
});

/** Where kinds of frontends have names: their folder, what a config may say, and what recipes do. */
const FRONTEND_NAMES = /^(frontends|import|engines\/trtllm)\/|^config\/schema\//;

test('only their own folder, configs and recipes know frontends by name', () => {
  const elsewhere = sources.filter(({ file }) => !FRONTEND_NAMES.test(file));
  expect(lines(elsewhere, /-router\b(?!-metrics)|trtllm-serve|frontend\.type [!=]==/)).toEqual([]);
});
