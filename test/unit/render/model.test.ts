import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../world.ts';

const TEMPLATES = join(import.meta.dirname, '../../../templates');

/** What look_at_model says, with the folder as `@`. */
async function said(
  folder: string,
  path: string,
  mounted: readonly string[] = [],
  needs = 'weights,tokenizer',
) {
  const script = `say() { printf '%s %s\\n' "$1" "$2"; }; . ${TEMPLATES}/node/model.sh; look_at_model "$@"`;
  const words = ['-c', script, 'test', needs, path, ...mounted];
  const { stdout } = await promisify(execFile)('bash', words);
  return stdout.replaceAll(folder, '@').trim();
}

const INDEX = JSON.stringify({
  weight_map: { a: 'model-1-of-2.safetensors', b: 'model-2-of-2.safetensors', c: 'model-1-of-2.safetensors' },
});

function model(files: Readonly<Record<string, string>>): { readonly folder: string; readonly path: string } {
  const folder = temporaryFolder();
  const path = join(folder, 'm');
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return { folder, path };
}

const WHOLE = {
  'config.json': '{}',
  'tokenizer.json': '{}',
  'model.safetensors.index.json': INDEX,
  'model-1-of-2.safetensors': 'x',
  'model-2-of-2.safetensors': 'x',
};

test('a whole model', async () => {
  const { folder, path } = model(WHOLE);
  expect(await said(folder, path)).toBe('');
  expect(await said(folder, `${path}/`, [path])).toBe('');
});

test('a file is taken as it is', async () => {
  const { folder, path } = model({ 'm.gguf': 'x' });
  expect(await said(folder, `${path}/m.gguf`)).toBe('');
});

const NO_TOKENIZER =
  'problem finds no tokenizer in @/m, such as tokenizer.json; if it is elsewhere, set tokenizer-path in the args of the roles';
const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4976698672\n';

test.each<[string, Readonly<Record<string, string | undefined>>, string]>([
  [
    'config.json',
    { 'config.json': undefined },
    'problem finds no config.json in @/m, which should contain a model',
  ],
  [
    'a shard',
    { 'model-2-of-2.safetensors': undefined },
    "problem misses @/m/model-2-of-2.safetensors, which the model's index names",
  ],
  ['a tokenizer', { 'tokenizer.json': undefined, 'tokenizer_config.json': '{}' }, NO_TOKENIZER],
  [
    'all weights',
    {
      'model.safetensors.index.json': undefined,
      'model-1-of-2.safetensors': undefined,
      'model-2-of-2.safetensors': undefined,
    },
    'problem finds no weights in @/m, such as *.safetensors',
  ],
])('without %s', async (_, without, expected) => {
  const files = Object.fromEntries(
    Object.entries({ ...WHOLE, ...without }).filter(([, text]) => text !== undefined),
  );
  const { folder, path } = model(files as Record<string, string>);
  expect(await said(folder, path)).toBe(expected);
});

test('what is not read is not looked for', async () => {
  const { folder, path } = model({ 'config.json': '{}', 'tokenizer.json': '{}' });
  expect(await said(folder, path, [], 'tokenizer')).toBe('');
  const weights = model({ 'config.json': '{}', 'model.safetensors': 'x' });
  expect(await said(weights.folder, weights.path, [], 'weights')).toBe('');
  const bare = model({ 'config.json': '{}' });
  expect(await said(bare.folder, bare.path, [], 'config')).toBe('');
});

const INDEXLESS = { ...WHOLE, 'model.safetensors.index.json': undefined };

test.each<[string, Readonly<Record<string, string | undefined>>, string]>([
  [
    'a pointer of Git LFS in place of a shard',
    { ...WHOLE, 'model-2-of-2.safetensors': POINTER },
    "problem has in @/m/model-2-of-2.safetensors a pointer of Git LFS in place of the file: `git lfs pull` in the model's folder fetches it",
  ],
  [
    'a pointer in place of a tokenizer',
    { ...WHOLE, 'tokenizer.json': POINTER },
    "problem has in @/m/tokenizer.json a pointer of Git LFS in place of the file: `git lfs pull` in the model's folder fetches it",
  ],
  [
    'an empty shard',
    { ...WHOLE, 'model-1-of-2.safetensors': '' },
    'problem has an empty @/m/model-1-of-2.safetensors: copy or download the model again',
  ],
  [
    'no index, and a part that is missing',
    {
      ...INDEXLESS,
      'model-1-of-2.safetensors': undefined,
      'model-2-of-2.safetensors': undefined,
      'a-00001-of-00003.safetensors': 'x',
      'a-00002-of-00003.safetensors': 'x',
    },
    "problem misses @/m/a-00003-of-00003.safetensors, a part of the model's weights",
  ],
  [
    'no index, and only the last part',
    { ...INDEXLESS, 'model-1-of-2.safetensors': undefined },
    "problem misses @/m/model-1-of-2.safetensors, a part of the model's weights",
  ],
  ['no index, and all parts', INDEXLESS, ''],
  ['a tokenizer of tiktoken', { ...WHOLE, 'tokenizer.json': undefined, 'tiktoken.model': 'x' }, ''],
  ['a vocabulary', { ...WHOLE, 'tokenizer.json': undefined, 'vocab.json': '{}', 'merges.txt': 'x' }, ''],
])('%s', async (_, files, expected) => {
  const entries = Object.entries(files).filter(([, text]) => text !== undefined);
  const { folder, path } = model(Object.fromEntries(entries) as Record<string, string>);
  expect(await said(folder, path)).toBe(expected);
});

test('a folder that is not there', async () => {
  const { folder, path } = model({});
  expect(await said(folder, `${path}/x`)).toBe('problem cannot read the model, @/m/x');
});

/** The cache of the hub: a snapshot's files are links into blobs. */
function snapshot(): { readonly folder: string; readonly hub: string; readonly path: string } {
  const folder = temporaryFolder();
  const hub = join(folder, 'hub/models--Qwen--Qwen3-32B');
  const path = join(hub, 'snapshots/9216db57');
  mkdirSync(path, { recursive: true });
  mkdirSync(join(hub, 'blobs'));
  for (const [index, [name, text]] of Object.entries(WHOLE).entries()) {
    writeFileSync(join(hub, 'blobs', String(index)), text);
    symlinkSync(`../../blobs/${index}`, join(path, name));
  }
  return { folder, hub, path };
}

test('links of a snapshot lead out of it, and not out of its model', async () => {
  const { folder, hub, path } = snapshot();
  expect(await said(folder, path)).toBe('');
  expect(await said(folder, path, [hub])).toBe('');
  expect(await said(folder, path, [path])).toBe(
    'problem has in @/hub/models--Qwen--Qwen3-32B/snapshots/9216db57/config.json a link to @/hub/models--Qwen--Qwen3-32B/blobs/0, which is not mounted in the container: mount that folder too, or copy the model without links',
  );
});

test('a model of a cache needs the name of its snapshot', async () => {
  const { folder, hub } = snapshot();
  expect(await said(folder, hub)).toBe(
    'problem finds no config.json in @/hub/models--Qwen--Qwen3-32B, which is a model of a Hugging Face cache: name a snapshot of it, such as @/hub/models--Qwen--Qwen3-32B/snapshots/9216db57',
  );
});

test('a link that leads nowhere, and one over several hops', async () => {
  const { folder, path } = model({ ...WHOLE });
  mkdirSync(join(folder, 'store'));
  writeFileSync(join(folder, 'store/real'), 'x');
  symlinkSync(join(folder, 'store/real'), join(path, 'hop'));
  symlinkSync('hop', join(path, 'tokenizer.model'));
  expect(await said(folder, path, [path, join(folder, 'store')])).toBe('');
  expect(await said(folder, path, [path])).toContain('a link to @/store/real, which is not mounted');
  symlinkSync('gone', join(path, 'tokenizer_config.json'));
  expect(await said(folder, path)).toBe(
    'problem has in @/m/tokenizer_config.json a link to @/m/gone, which is not there',
  );
});

test.skipIf(process.getuid?.() === 0)('a shard that others may not read', async () => {
  const { folder, path } = model(WHOLE);
  chmodSync(join(path, 'model-1-of-2.safetensors'), 0);
  expect(await said(folder, path)).toBe('problem cannot read @/m/model-1-of-2.safetensors of the model');
});

test.each([
  [
    { 'model.safetensors.index.json': INDEX.replace('{', '{"metadata": {"total_size": 688586727753}, ') },
    640,
    688,
  ],
  [
    { 'model.safetensors.index.json': INDEX.replace('{', '{"metadata": {"total_size": 688586727753}, ') },
    688,
    undefined,
  ],
  // Of an index without a size, and of other formats, nothing is said.
  [{}, 0, undefined],
])('weights of %j against %i GB', async (files, gb, held) => {
  const { folder, path } = model({ ...WHOLE, ...files });
  expect(await said(folder, path, [], `weights,tokenizer,gb:${gb}`)).toBe(
    held === undefined
      ? ''
      : `warning holds ${held} GB of weights in @/m, and the GPUs of the smallest worker have ${gb} GB of memory: give it more GPUs, unless its engine quantizes or offloads the weights`,
  );
});

test('weights in one file have its size', async () => {
  const { folder, path } = model({ 'config.json': '{}', 'tokenizer.json': '{}', 'model.safetensors': '' });
  truncateSync(join(path, 'model.safetensors'), 2_000_000_000);
  expect(await said(folder, path, [], 'weights,gb:1')).toMatch(/^warning holds 2 GB of weights in @\/m,/);
  expect(await said(folder, path, [], 'weights,gb:2')).toBe('');
});
