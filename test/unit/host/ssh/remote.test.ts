import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostAt, testServer } from './server.ts';

const signal = new AbortController().signal;
const TIMEOUT = { timeout: 60_000, signal };

const SHELLS = ['/bin/sh', '/bin/bash', '/bin/csh', '/bin/tcsh', '/usr/bin/fish', '/bin/zsh'].filter(
  existsSync,
);

const WORDS = [
  'plain',
  '',
  'a b',
  "it's",
  '"$HOME" `id` $(id) \\ !! * ? [a] {a,b} ~ ~/x #x',
  '-n',
  'line\nbreak\ttab\r',
  'ünïcödé 日本語 🚀',
  ';&|<>()',
  '%s%n',
];

test.each(SHELLS)('words stay words through %s', async (shell) => {
  const server = await testServer({ shell });
  const result = await hostAt(server).exec(['printf', '%s\\0', ...WORDS], TIMEOUT);
  expect(result).toEqual({ stdout: [...WORDS, ''].join('\0'), stderr: '', exitCode: 0 });
  expect(server.commands).toEqual(['bash --norc -p']);
});

test('a shell that talks is not heard', async () => {
  const rc = 'printf "Welcome\\n\\033[1mYou have mail"; echo stty: no tty >&2; ';
  const host = hostAt(await testServer({ shell: '/bin/bash', rc }));
  expect(await host.exec(['sh', '-c', 'echo out; echo err >&2; exit 7'], TIMEOUT)).toEqual({
    stdout: 'out\n',
    stderr: 'err\n',
    exitCode: 7,
  });
});

test('bytes and texts come as they are, whatever they hold', async () => {
  const server = await testServer();
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256));
  writeFileSync(join(server.home, 'bytes'), bytes);
  const host = hostAt(server);
  const part = await host.read('~/bytes', 100, 60_000);
  expect(part?.size).toBe(70_000);
  expect(bytes.subarray(100, 60_100).equals(Buffer.from(part?.bytes ?? []))).toBe(true);
  expect((await host.read('~/bytes', 69_999, 10))?.bytes.length).toBe(1);
  expect((await host.read('~/bytes', 70_000, 10))?.bytes.length).toBe(0);
  expect((await host.exec(['cat'], { ...TIMEOUT, input: "a'b\n\n" })).stdout).toBe("a'b\n\n");
});

test("only what Slurm's commands need of the environment is there", async () => {
  const server = await testServer();
  const { stdout } = await hostAt(server).exec(['env'], { ...TIMEOUT, env: { SLURM_TIME_FORMAT: '%s' } });
  const names = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('=')[0]);
  expect(names.sort()).toEqual(['HOME', 'LANG', 'PATH', 'SLURM_TIME_FORMAT']);
  expect(stdout).toContain(`PATH=${server.home}/bin:`);
});

test('what a command gets is in no list of processes', async () => {
  const host = hostAt(await testServer());
  const script = 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " " | grep -ac "canary[7]" || true';
  const { stdout } = await host.exec(['sh', '-c', script], {
    ...TIMEOUT,
    env: { SECRET: 'canary7' },
    input: 'canary7',
  });
  expect(stdout).toBe('0\n');
});

test('a program that is not there is looked for in a login shell', async () => {
  const server = await testServer();
  await mkdir(join(server.home, 'slurm'));
  writeFileSync(join(server.home, 'slurm/mysbatch'), '#!/bin/sh\n', { mode: 0o755 });
  const host = hostAt(server);
  const error = { code: 'preflight', cause: { code: 'ENOENT' } };
  await expect(host.exec(['mysbatch'], TIMEOUT)).rejects.toMatchObject({
    ...error,
    message: 'cannot run mysbatch (not on the PATH of non-interactive commands)\n  ran:  mysbatch   on login',
    hint: expect.stringContaining('set slurm_bin in the cluster profile to its folder'),
  });
  writeFileSync(join(server.home, '.bash_profile'), 'echo hello; PATH=$HOME/slurm:$PATH\n');
  await expect(host.exec(['mysbatch'], TIMEOUT)).rejects.toMatchObject({
    ...error,
    hint: `a login shell finds ${server.home}/slurm/mysbatch: set \`slurm_bin: ${server.home}/slurm\` in the cluster profile`,
  });
});

test('a command that takes too long is ended there', async () => {
  const server = await testServer();
  const host = hostAt(server);
  const script = 'sleep 1000.4711 & wait';
  await expect(host.exec(['sh', '-c', script], { timeout: 500, signal })).rejects.toMatchObject({
    code: 'connection',
    message: expect.stringContaining('sh did not end (no answer within 0.5 s)'),
  });
  const left = async () => {
    const { stdout } = await host.exec(['ps', '-eo', 'args'], TIMEOUT);
    return stdout.split('\n').filter((line) => line.includes('sleep 1000.4711'));
  };
  await expect.poll(left).toEqual([]);
  expect((await host.exec(['echo', 'next'], TIMEOUT)).stdout).toBe('next\n');
});

test('a command that is interrupted is ended there, even where it will not', async () => {
  const server = await testServer();
  const host = hostAt(server);
  const abort = new AbortController();
  const script = 'trap "" TERM; echo $$ > pid; while :; do sleep 0.1; done';
  const ended = host.exec(['sh', '-c', script], { timeout: 60_000, signal: abort.signal });
  ended.catch(() => {});
  const pid = () => readFileSync(join(server.home, 'pid'), 'utf8').trim();
  await expect.poll(() => existsSync(join(server.home, 'pid')) && pid()).toMatch(/^\d+$/);
  abort.abort();
  await expect(ended).rejects.toMatchObject({ code: 'interrupted' });
  await expect.poll(() => runs(pid())).toBe(false);
});

test('a command that is killed did not end by itself', async () => {
  const host = hostAt(await testServer());
  await expect(host.exec(['sh', '-c', 'kill -9 $$'], TIMEOUT)).rejects.toMatchObject({
    code: 'connection',
    message: expect.stringContaining('sh failed (killed by SIGKILL)'),
  });
});

const FILES = new Map([
  ['job.sbatch', { text: "#!/bin/bash\necho 'it''s' \\ $x\n\n", mode: 0o700 }],
  ['env/decode-0.env', { text: 'A=1', mode: 0o600 }],
  ['steps/deep er/x', { text: '', mode: 0o644 }],
]);

test('files are made with their modes, in one exchange, in a folder that is ours alone', async () => {
  const server = await testServer();
  const host = hostAt(server);
  await host.writeFiles('~/runs/a b', FILES);
  const folder = join(server.home, 'runs/a b');
  for (const [path, { text, mode }] of FILES) {
    expect(readFileSync(join(folder, path), 'utf8')).toBe(text);
    expect((await stat(join(folder, path))).mode & 0o7777).toBe(mode);
  }
  for (const path of ['', 'env', 'steps', 'steps/deep er', '..']) {
    expect((await stat(join(folder, path))).mode & 0o7777).toBe(0o700);
  }
  await host.writeFiles('~/runs/a b', new Map([['job.json', { text: '{}', mode: 0o600 }]]));
  expect(await host.list('~/runs/a b')).toEqual(['env', 'job.json', 'job.sbatch', 'steps']);
  expect(await host.readText('~/runs/a b/job.sbatch')).toBe(FILES.get('job.sbatch')?.text);
  expect(host.traced).toEqual([
    'logged in to login',
    'write job.sbatch and 2 more',
    'write job.json',
    'list ~/runs/a b',
    'read ~/runs/a b/job.sbatch',
  ]);
});

test.each<[string, (folder: string, outside: string) => void, string]>([
  [
    'a file that is there',
    (folder) => writeFileSync(join(folder, 'job.sbatch'), 'old'),
    'job.sbatch already exists',
  ],
  [
    'a link to a file',
    (folder, outside) => symlinkSync(join(outside, 'target'), join(folder, 'job.sbatch')),
    'job.sbatch already exists',
  ],
  [
    'a link to a folder',
    (folder, outside) => symlinkSync(outside, join(folder, 'env')),
    'env is a symbolic link',
  ],
  ['a file instead of a folder', (folder) => writeFileSync(join(folder, 'env'), ''), 'env is not a folder'],
])('%s is refused, and not touched', async (_, plant, message) => {
  const server = await testServer();
  const outside = join(server.home, 'outside');
  const folder = join(server.home, 'run');
  await mkdir(outside);
  await mkdir(folder);
  writeFileSync(join(outside, 'target'), 'precious');
  plant(folder, outside);
  await expect(hostAt(server).writeFiles('~/run', FILES)).rejects.toMatchObject({
    code: 'preflight',
    message: expect.stringContaining(message),
  });
  expect(readFileSync(join(outside, 'target'), 'utf8')).toBe('precious');
  expect(await readdir(outside)).toEqual(['target']);
});

test('a folder that it made and cannot fill goes again', async () => {
  const server = await testServer();
  const long = new Map([...FILES, ['x'.repeat(256), { text: '', mode: 0o600 }]]);
  await expect(hostAt(server).writeFiles('~/run', long)).rejects.toMatchObject({
    code: 'preflight',
    message: expect.stringMatching(/x cannot be written: .*File name too long$/),
  });
  expect(existsSync(join(server.home, 'run'))).toBe(false);
});

test('a link instead of the run folder is refused', async () => {
  const server = await testServer();
  await mkdir(join(server.home, 'outside'));
  symlinkSync(join(server.home, 'outside'), join(server.home, 'run'));
  await expect(hostAt(server).writeFiles('~/run', FILES)).rejects.toMatchObject({
    message: `login:${server.home}/run is a symbolic link`,
  });
});

test('what is not there is absent, and a run folder can be removed', async () => {
  const server = await testServer();
  const host = hostAt(server);
  expect(await host.readText('~/none')).toBeUndefined();
  expect(await host.read('~/none', 0, 10)).toBeUndefined();
  expect(await host.list('~/none')).toEqual([]);
  await host.writeFiles('~/run', FILES);
  await host.remove('~/run');
  await host.remove('~/run');
  expect(existsSync(join(server.home, 'run'))).toBe(false);
  expect(await host.resolve('~/run')).toBe(join(server.home, 'run'));
  expect(await host.resolve('/scratch')).toBe('/scratch');
});

/** A process that has ended stays in the list until its parent has heard of it. */
function runs(pid: string): boolean {
  return existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}
