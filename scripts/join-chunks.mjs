// esbuild makes a file of whatever the same commands share, and Node takes half a millisecond for each: the two dozen that
// a dry-run loads become one, and so do those that every command loads.
import { isBuiltin } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';

/** Outputs of esbuild, with those of the groups joined. `groups`: by name the module whose imports belong together. */
export async function joinChunks({ outputFiles, metafile }, { root, dist, entries, groups }) {
  const texts = new Map(outputFiles.map(({ path, text }) => [path, text]));
  const taken = new Set(entries);
  const joined = Object.entries(groups).map(([name, module]) => {
    const files = staticImports(metafile, module).map((file) => resolve(root, file));
    const own = new Set(files.filter((file) => !taken.has(file)));
    for (const file of own) taken.add(file);
    return { name, test: (id) => own.has(id) };
  });
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map((path) => [relative(dist, path).replace(/\.js$/, ''), path])),
    platform: 'node',
    treeshake: false,
    logLevel: 'silent',
    external: isOutside,
    plugins: [
      {
        name: 'outputs-of-esbuild',
        resolveId(id, importer) {
          const path = importer === undefined ? id : resolve(dirname(importer), id);
          return texts.has(path) ? path : undefined;
        },
        // Where a template holds it as it is, rolldown wants a helper of a package that is not there.
        load: (id) => texts.get(id)?.replaceAll('</script>', '<\\/script>'),
      },
    ],
  });
  const { output } = await bundle.generate({
    format: 'esm',
    minify: true,
    comments: { legal: false },
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    codeSplitting: { groups: joined },
  });
  return output.map(({ fileName, code }) => ({ path: resolve(dist, fileName), contents: Buffer.from(code) }));
}

/** What esbuild has left out of its bundle: Node's own modules, and the native parts of ssh2. */
function isOutside(id) {
  if (id.startsWith('.') || id.startsWith('/')) return false;
  if (isBuiltin(id) || id === 'cpu-features') return true;
  throw new Error(`the bundle wants ${id}, which is not in it`);
}

/** The outputs that a module's output needs before it runs, itself among them. */
function staticImports({ outputs }, module) {
  const [first] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === module) ?? [];
  if (first === undefined) throw new Error(`${module} is no file of its own`);
  const found = new Set([first]);
  for (const file of found) {
    for (const { path, kind, external } of outputs[file].imports)
      if (kind === 'import-statement' && !external) found.add(path);
  }
  return [...found];
}
