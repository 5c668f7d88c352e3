import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ImageCache, SOURCE, superblock } from './image-cache.ts';

let cache: ImageCache;
beforeEach(() => {
  cache = new ImageCache();
});
afterEach(() => cache.dispose());

const seen = (what: () => boolean) => expect.poll(what, { interval: 20 }).toBe(true);

test('an image is imported, and the next job finds it', async () => {
  const first = await cache.run(7);
  expect(first.told()).toEqual([`importing: ${SOURCE}`, `imported: ${SOURCE}`]);
  expect(cache.imports()).toEqual([`import --output ${SOURCE}`]);
  expect(readFileSync(cache.image)).toEqual(superblock());
  expect(statSync(cache.image).mode & 0o777).toBe(0o644);
  expect(readdirSync(cache.folder).sort()).toEqual(['x.lock', 'x.sqsh']);

  const second = await cache.run(8);
  expect([first.code, second.code]).toEqual([0, 0]);
  expect(second.told()).toEqual([`found: ${SOURCE}`]);
  expect(cache.imports()).toHaveLength(1);
});

test('of two jobs at once one imports, and the other waits and says for whom', async () => {
  cache.put('hold', '');
  const first = cache.start(7);
  await seen(() => cache.imports().length === 1);
  const second = cache.start(8);
  await seen(() => second.told().length === 1);
  cache.letGo();
  expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
  expect(first.told()).toEqual([`importing: ${SOURCE}`, `imported: ${SOURCE}`]);
  expect(second.told()).toEqual([
    expect.stringMatching(/^waiting: job 7 of \S+ on node7 imports it since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
    `found: ${SOURCE}`,
  ]);
  expect(cache.imports()).toHaveLength(1);
});

test.each<[NodeJS.Signals, number | null]>([
  ['SIGTERM', 143],
  ['SIGKILL', null],
])('after %s of the job that imports, the one that waited imports', async (signal, code) => {
  cache.put('hold', '');
  const first = cache.start(7);
  await seen(() => cache.imports().length === 1);
  const second = cache.start(8);
  await seen(() => second.told().length === 1);
  first.child.kill(signal);
  await seen(() => cache.imports().length === 2);
  cache.letGo();
  expect(await second.ended).toBe(0);
  expect(second.told().slice(1)).toEqual([`importing: ${SOURCE}`, `imported: ${SOURCE}`]);
  // What the first one left is gone too.
  expect(readdirSync(cache.folder).sort()).toEqual(['x.lock', 'x.sqsh']);
  expect(await first.ended).toBe(code);
});

test('an import that is told to end takes enroot with it', async () => {
  cache.put('hold', '');
  const first = cache.start(7);
  await seen(() => cache.imports().length === 1);
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(143);
  expect(readdirSync(cache.folder)).toEqual(['x.lock']);
});

describe('an image that is not whole is moved aside, and imported again', () => {
  test.each([
    ['cut off', superblock(4096), 'is cut off: it has 96 of 4096 bytes'],
    ['something else', Buffer.from('<html>503 Service Unavailable</html>'), 'is not a squashfs image'],
    ['empty', Buffer.alloc(0), 'is not a squashfs image'],
    ['without a sensible size', superblock(0), 'is cut off: it has 96 of 0 bytes'],
  ])('%s', async (_, bytes, words) => {
    writeFileSync(cache.image, bytes);
    const { code, told } = await cache.run();
    expect(told()).toEqual([`importing: ${cache.image} ${words}`, `reimported: ${cache.image} ${words}`]);
    expect(code).toBe(0);
    expect(readFileSync(cache.image)).toEqual(superblock());
    expect(readFileSync(`${cache.image}.damaged`)).toEqual(bytes);
  });

  test('what unsquashfs does not like', async () => {
    writeFileSync(cache.image, superblock());
    cache.program(
      'unsquashfs',
      '#!/bin/bash\n[[ $2 != */x.sqsh ]] || { echo "read_block: failed" >&2; echo "FATAL ERROR: corruption" >&2; exit 1; }',
    );
    const { code, told } = await cache.run();
    expect(told().at(-1)).toBe(`reimported: ${cache.image} is damaged: FATAL ERROR: corruption`);
    expect(code).toBe(0);
  });

  test('once', async () => {
    writeFileSync(cache.image, 'junk');
    cache.put('squashfs', 'junk too');
    const { code, output } = await cache.run();
    expect(code).toBe(1);
    expect(output()).toMatch(
      /dyn-slurm: error: enroot left an incomplete image: .*image\.sqsh is not a squashfs image\n$/,
    );
    expect(cache.imports()).toHaveLength(1);
    expect(readdirSync(cache.folder).sort()).toEqual(['x.lock', 'x.sqsh.damaged']);
  });
});

test('when enroot fails, its words are the last, and nothing is left', async () => {
  cache.put('words', '[ERROR] URL https://nvcr.io/… returned error code: 401 Unauthorized\n');
  const { code, output } = await cache.run();
  expect(code).toBe(1);
  expect(output()).toMatch(/\n\[ERROR\] URL https:\/\/nvcr\.io\/… returned error code: 401 Unauthorized\n$/);
  expect(readdirSync(cache.folder)).toEqual(['x.lock']);
});

test('without enroot it says so', async () => {
  rmSync(join(cache.root, 'bin/enroot'));
  const { code, output } = await cache.run();
  expect(code).toBe(1);
  expect(output()).toMatch(/error: enroot is not on the PATH of node7; the image cache needs it\n$/);
});

test('what is too little space for an image ends it before the download', async () => {
  cache.program('df', '#!/bin/bash\nprintf "  Avail\\n1048576\\n"');
  const { code, output } = await cache.run();
  expect(code).toBe(1);
  expect(output()).toMatch(/error: only 1024 MB are left in the image cache /);
  expect(cache.imports()).toEqual([]);
});

describe('a planted link', () => {
  let target: string;
  beforeEach(() => {
    target = join(cache.root, 'target');
    writeFileSync(target, superblock());
  });
  afterEach(() => expect(readFileSync(target)).toEqual(superblock()));

  test.each(['x.sqsh', 'x.lock'])('in the place of %s is refused', async (name) => {
    symlinkSync(target, join(cache.folder, name));
    const { code, output } = await cache.run();
    expect(code).toBe(1);
    expect(output()).toContain(`error: ${join(cache.folder, name)} is a symbolic link`);
    expect(cache.imports()).toEqual([]);
  });

  test('that leads nowhere is refused as well', async () => {
    symlinkSync(join(cache.root, 'nowhere'), join(cache.folder, 'x.lock'));
    const { code } = await cache.run();
    expect(code).toBe(1);
    expect(existsSync(join(cache.root, 'nowhere'))).toBe(false);
  });

  test('in the place of our own folder goes', async () => {
    symlinkSync(cache.root, join(cache.folder, '.x.7.tmp'));
    expect((await cache.run(7)).code).toBe(0);
    expect(lstatSync(cache.image).isFile()).toBe(true);
    expect(existsSync(join(cache.root, 'image.sqsh'))).toBe(false);
  });
});

test.each([
  ['of one’s own', 0o755],
  ['that a group reads', 0o2750],
  ['that is sticky', 0o1777],
])('a folder %s is a cache', async (_, mode) => {
  chmodSync(cache.folder, mode);
  expect((await cache.run()).code).toBe(0);
});

test.each([
  ['all', 0o777],
  ['a group', 0o2770],
])('a folder in which %s can replace files is none', async (_, mode) => {
  chmodSync(cache.folder, mode);
  const { code, output } = await cache.run();
  expect(code).toBe(1);
  expect(output()).toBe(
    `dyn-slurm: error: others may replace files in the image cache ${cache.folder}, which has mode ${mode.toString(8)}: take their right to write away (chmod go-w), or make it sticky (chmod +t)\n`,
  );
});

test.runIf(process.getuid?.() === 0)(
  'the owner of a sticky folder can replace files in it, too',
  async () => {
    chmodSync(cache.folder, 0o1777);
    chownSync(cache.folder, 1234, 0);
    const { code, output } = await cache.run();
    expect(code).toBe(1);
    expect(output()).toBe(
      `dyn-slurm: error: the image cache ${cache.folder} belongs to user 1234, who may replace files in it: it must belong to you or to root\n`,
    );
  },
);

test('a missing folder is named, and not made', async () => {
  rmSync(cache.folder, { recursive: true });
  const { code, output } = await cache.run();
  expect(code).toBe(1);
  expect(output()).toContain(`error: the image cache ${cache.folder} is not a folder on node7`);
});

test('a job that still runs keeps what it has begun', async () => {
  cache.program('squeue', '#!/bin/bash\n[[ "$*" != *--jobs=5 ]] || echo 5 RUNNING');
  for (const job of [5, 6]) mkdirSync(join(cache.folder, `.x.${job}.tmp`));
  expect((await cache.run()).code).toBe(0);
  expect(readdirSync(cache.folder).sort()).toEqual(['.x.5.tmp', 'x.lock', 'x.sqsh']);
});

test('in a rehearsal it leaves the cache alone', async () => {
  rmSync(cache.folder, { recursive: true });
  const { code, told } = await cache.run(7, { DYN_SLURM_REHEARSAL: '1' });
  expect(code).toBe(0);
  expect(told()).toEqual(['left-out: a rehearsal runs no containers']);
  expect(cache.imports()).toEqual([]);
});
