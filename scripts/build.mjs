// Bundles src/ into dist/. Bundling is for start-up: zod alone takes 50 ms to load from its 100 files, 8 ms from one.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { joinChunks } from './join-chunks.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const entries = ['src/main.ts', 'src/rehearsal/slurm.ts'].filter((entry) => existsSync(join(root, entry)));

const shared = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // CommonJS packages inside a bundle call require, and only for Node's own modules.
  banner: { js: 'const require = process.getBuiltinModule;' },
};

const templates = {
  name: 'templates',
  async setup({ onLoad }) {
    const contents = await precompiledTemplates();
    onLoad({ filter: /\/src\/render\/template\.ts$/ }, () => ({
      contents,
      resolveDir: join(root, 'src/render'),
    }));
  },
};

/** Arguments of engines by release: 100 kB that only a config with engine arguments needs, parsed when it asks. */
const engineData = {
  name: 'engine-data',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/config\/engine-data\.ts$/ }, async () => {
      const data = JSON.parse(await readFile(join(root, 'src/config/compat/engine-arguments.json'), 'utf8'));
      const text = JSON.stringify(JSON.stringify(data));
      return { contents: `let data; export const engineData = () => (data ??= JSON.parse(${text}));` };
    });
  },
};

/** yaml's modules for browsers are the same sources, of which a bundle can leave out the half that writes YAML. */
const yamlModules = {
  name: 'yaml-modules',
  setup({ onResolve }) {
    onResolve({ filter: /^yaml$/ }, () => ({ path: join(root, 'node_modules/yaml/browser/index.js') }));
  },
};

/** commander loads what it would run executable subcommands with, of which there are none: 4 ms. */
const noSubprograms = {
  name: 'no-subprograms',
  setup({ onLoad }) {
    onLoad({ filter: /\/commander\/lib\/command\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text.replace("require('node:child_process')", '{}');
      if (contents === text) throw new Error(`${path} does not load child_process any more`);
      return { contents };
    });
  },
};

/** Messages of zod are not shown, and its 50 languages would double the bundle. */
const oneLanguage = {
  name: 'one-language',
  setup({ onLoad }) {
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, ({ path }) => ({
      contents: "export { default as en } from './en.js';",
      resolveDir: dirname(path),
    }));
  },
};

/**
 * ssh2 goes on without its native parts. What it verifies one cipher with looks for its own folder, which a bundle of
 * modules has not, and then does not use it.
 */
const sshInJavaScript = {
  name: 'ssh-in-javascript',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\.node$|^cpu-features$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /\/ssh2\/lib\/(.*\/)?(poly1305|agent)\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { contents: text.replaceAll('__dirname', '""') };
    });
  },
};

/** etcd3 reads its protocol from a file beside it, where a bundle has none: it gets the text, parsed when it is built. */
const etcdProtocol = {
  name: 'etcd-protocol',
  setup({ onLoad }) {
    onLoad({ filter: /\/etcd3\/lib\/connection-pool\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const loader = createRequire(path).resolve('@grpc/proto-loader');
      const protobuf = createRequire(loader)('protobufjs');
      const protocol = new protobuf.Root()
        .loadSync(join(dirname(path), '../proto/rpc.proto'), { keepCase: true })
        .toJSON();
      const contents = text.replace(
        '.loadSync)(`${__dirname}/../proto/rpc.proto`, {',
        () => `.fromJSON)(${JSON.stringify(protocol)}, {`,
      );
      if (contents === text) throw new Error(`${path} does not load rpc.proto any more`);
      return { contents };
    });
  },
};

const built = await build({
  ...shared,
  entryPoints: entries,
  outbase: 'src',
  outdir: dist,
  write: false,
  metafile: true,
  splitting: true,
  // Short names, too: parsing zod and yaml is a good part of what a dry-run takes.
  minifyIdentifiers: true,
  minifyWhitespace: true,
  minifySyntax: true,
  chunkNames: 'chunks/[name]-[hash]',
  legalComments: 'none',
  plugins: [templates, engineData, yamlModules, oneLanguage, noSubprograms, sshInJavaScript, etcdProtocol],
}).catch(() => process.exit(1));

const { metafile } = built;
const outputFiles = await joinChunks(built, {
  root,
  dist,
  entries: entries.map(outputOf),
  groups: { main: 'src/main.ts', start: 'src/cli/program.ts', core: 'src/cli/submit/submit.ts' },
});

// The script and the style sheet that a report carries inside itself.
const report = await build({
  absWorkingDir: root,
  bundle: true,
  entryPoints: ['src/report/client/main.ts'],
  outdir: join(dist, 'report'),
  write: false,
  metafile: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  charset: 'utf8',
  minify: true,
  legalComments: 'none',
}).catch(() => process.exit(1));
outputFiles.push(...report.outputFiles);
Object.assign(metafile.inputs, report.metafile.inputs);

// Chunks first and by rename, so that a command started in the middle of a build sees whole files.
const isEntry = (file) => entries.some((entry) => file.path === outputOf(entry));
for (const file of outputFiles.toSorted((a, b) => isEntry(a) - isEntry(b)))
  await replace(file.path, file.contents);

const licenses = join(dist, 'licenses.txt');
await replace(licenses, Buffer.from(await licenseTexts()));

const kept = new Set([licenses, ...outputFiles.map((file) => file.path)]);
for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !kept.has(path)) await rm(path, { force: true });
}

function outputOf(entry) {
  return `${join(dist, entry.slice('src/'.length, -'.ts'.length))}.js`;
}

/** The text of a module in which the templates are compiled already. */
async function precompiledTemplates() {
  const names = (await readdir(join(root, 'templates'))).filter((name) => name.endsWith('.hbs'));
  const texts = names.map((name) => readFile(join(root, 'templates', name), 'utf8'));
  const folder = await mkdtemp(join(tmpdir(), 'dyn-slurm-build-'));
  try {
    const outfile = join(folder, 'precompiled.mjs');
    await build({ ...shared, entryPoints: ['scripts/precompiled.ts'], outfile });
    const { precompiledModule } = await import(pathToFileURL(outfile).href);
    return precompiledModule(await Promise.all(texts));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The packages that are inside the bundle, with the licenses that they ask to be passed on. */
async function licenseTexts() {
  const folders = Object.keys(metafile.inputs).flatMap(
    (input) => /^node_modules\/(@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [],
  );
  const texts = [...new Set(folders)].toSorted().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    const file = (await readdir(join(root, folder))).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(join(root, folder, file), 'utf8') : '';
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}

async function replace(path, contents) {
  const mode = Buffer.from(contents.subarray(0, 2)).toString() === '#!' ? 0o755 : 0o644;
  const old = await readFile(path).catch(() => undefined);
  if (old && Buffer.compare(old, contents) === 0) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, contents, { mode });
  await rename(temporary, path);
}
