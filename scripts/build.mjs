// Bundles src/ into dist/. Bundling is for start-up: zod alone takes 50 ms to load from its 100 files, 8 ms from one.
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'rolldown';
import { bundleProgram } from './bundle-program.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** Templates compiled at build time: compiling them at run time costs 25 ms. */
const templates = {
  name: 'templates',
  load: { filter: { id: /\/src\/render\/template\.ts$/ }, handler: precompiledTemplates },
};

/** Arguments of engines by release: 100 kB that only a config with engine arguments needs, parsed when it asks. */
const engineData = {
  name: 'engine-data',
  load: {
    filter: { id: /\/src\/config\/compat\/engine-data\.ts$/ },
    async handler() {
      const data = JSON.parse(await readFile(join(root, 'src/config/compat/engine-arguments.json'), 'utf8'));
      const text = JSON.stringify(JSON.stringify(data));
      return `let data; export const engineData = () => (data ??= JSON.parse(${text}));`;
    },
  },
};

const program = await bundle({
  platform: 'node',
  input: { main: 'src/main.ts', 'rehearsal/slurm': 'src/rehearsal/slurm.ts' },
  // ssh2 works without its native parts.
  external: ['cpu-features', /\.node$/],
  transform: { target: 'node20', define: { __dirname: 'import.meta.dirname' } },
  // A library's eval; and imports at run time that only tell what a command needs from what it may need.
  checks: { eval: false, ineffectiveDynamicImport: false },
  plugins: [templates, engineData],
  output: {
    format: 'esm',
    chunkFileNames: 'chunks/[name]-[hash].js',
    // Node takes half a millisecond for each file, and a dry-run would load two dozen: what every command loads is one
    // file, and what submit loads is another. `--version` needs only the first.
    codeSplitting: {
      groups: [
        { name: 'world', test: /\/src\/(errors|cli\/(world|interrupts))\.ts$/, priority: 3 },
        { name: 'start', test: /\/src\/cli\/program\.ts$/, priority: 2 },
        { name: 'core', test: /\/src\/cli\/submit\/submit\.ts$/, priority: 1 },
      ],
    },
  },
});

// The script and the style sheet that a report carries inside itself.
const report = await bundle({
  platform: 'browser',
  input: { 'report/main': 'src/report/client/main.ts' },
  transform: { target: 'es2022' },
  output: { format: 'iife' },
});
const styles = ['node_modules/uplot/dist/uPlot.min.css', 'src/report/client/report.css'];

const PROTOCOL = 'node_modules/etcd3/proto';
const protocol = (await readdir(join(root, PROTOCOL))).filter((name) => name.endsWith('.proto'));

const chunks = [...program, ...report];
// Chunks before entries and each by rename, so that a command started in the middle of a build sees whole files.
const files = new Map([
  ...chunks.toSorted((a, b) => a.isEntry - b.isEntry).map(({ fileName, code }) => [fileName, code]),
  ['report/main.css', (await Promise.all(styles.map(textOf))).join('\n')],
  // etcd3 reads its protocol from ../proto, as seen from the file that it is in.
  ...(await Promise.all(protocol.map(async (name) => [`proto/${name}`, await textOf(join(PROTOCOL, name))]))),
  ['licenses.txt', await licenseTexts(chunks.flatMap(({ moduleIds }) => moduleIds))],
]);
for (const [name, text] of files) await replace(join(dist, name), text);
for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !files.has(path.slice(dist.length + 1))) await rm(path, { force: true });
}

/** The chunks of a bundle, which nothing is written of yet. */
async function bundle({ output, ...options }) {
  const built = await build({
    cwd: root,
    logLevel: 'warn',
    write: false,
    ...options,
    output: { minify: true, comments: false, entryFileNames: '[name].js', ...output },
  });
  return built.output;
}

/** The text of a module in which the templates are compiled already. */
async function precompiledTemplates() {
  const names = (await readdir(join(root, 'templates'))).filter((name) => name.endsWith('.hbs'));
  const texts = names.map((name) => textOf(join('templates', name)));
  const folder = await mkdtemp(join(tmpdir(), 'dyn-slurm-build-'));
  try {
    const outfile = join(folder, 'precompiled.mjs');
    await bundleProgram('scripts/precompiled.ts', outfile);
    const { precompiledModule } = await import(pathToFileURL(outfile).href);
    return precompiledModule(await Promise.all(texts));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The packages that are inside the bundle, with the licenses that they ask to be passed on. */
async function licenseTexts(modules) {
  const packages = [...modules, ...styles.map((path) => join(root, path))].flatMap(
    (path) => /\/(node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
  );
  const texts = [...new Set(packages)].toSorted().map(async (folder) => {
    const { name, version, license } = JSON.parse(await textOf(join(folder, 'package.json')));
    const file = (await readdir(join(root, folder))).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await textOf(join(folder, file)) : '';
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}

function textOf(path) {
  return readFile(join(root, path), 'utf8');
}

async function replace(path, text) {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  await rename(temporary, path);
}
