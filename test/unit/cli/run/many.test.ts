import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { status } from '../../../../src/cli/commands/run/status.ts';
import { testServer } from '../../host/ssh/server.ts';
import { recordedEvents, type Site, site } from '../run-folder.ts';

/** Runs that have ended, a second apart; the last is the newest. */
async function addMany(root: string, count: number, cluster = 'default'): Promise<void> {
  const events = `${(await recordedEvents('served')).join('\n')}\n`;
  for (let index = 0; index < count; index++) {
    const dir = join(root, `r-${index.toString(16).padStart(6, '0')}`);
    const submitted = new Date(Date.UTC(2025, 10, 24) + index * 1000).toISOString();
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'job.json'), JSON.stringify({ jobId: String(index + 1), cluster, submitted }));
    writeFileSync(join(dir, 'events.jsonl'), events);
  }
}

const idsIn = ({ out }: Site) => (JSON.parse(out()) as { run: string }[]).map(({ run }) => run);

test('status shows the newest twenty, as many as are wanted, or all', async () => {
  const place = await site();
  await addMany(place.root, 30);
  const newest = Array.from({ length: 30 }, (_, index) => `r-${(29 - index).toString(16).padStart(6, '0')}`);
  expect(await status(undefined, {}, place.world)).toBe(0);
  expect(place.out().trimEnd().split('\n')).toHaveLength(21);
  expect(place.err()).toBe('and 10 older runs: see --limit and --all\n');
  for (const [options, count] of [
    [{ limit: 25 }, 25],
    [{ limit: 1 }, 1],
    [{ limit: 100 }, 30],
    [{ all: true }, 30],
  ] as const) {
    const again = await site();
    await addMany(again.root, 30);
    expect(await status(undefined, { ...options, json: true }, again.world)).toBe(0);
    expect(idsIn(again)).toEqual(newest.slice(0, count));
  }
});

test.each([3, 300])('over ssh it takes three exchanges, however many runs there are: %d', async (count) => {
  const server = await testServer();
  const place = await site();
  mkdirSync(join(server.here, '.config/dyn-slurm/clusters'), { recursive: true });
  writeFileSync(join(server.here, '.config/dyn-slurm/clusters/far.yaml'), 'host: login\n');
  const root = join(server.home, 'dyn-slurm-runs');
  await addMany(root, count, 'far');
  // One that goes on costs the call of squeue.
  const running = join(root, `r-${(count - 1).toString(16).padStart(6, '0')}`);
  writeFileSync(join(running, 'events.jsonl'), '');
  mkdirSync(join(server.home, 'bin'));
  const row = `${count}|RUNNING|3|1763962970|1763962980|node[1-3]|(null)|None`;
  writeFileSync(join(server.home, 'bin/squeue'), `#!/bin/sh\necho '${row}'\n`, { mode: 0o755 });
  writeFileSync(join(server.here, '.config/dyn-slurm/clusters/far.yaml'), 'host: login\nslurm_bin: ~/bin\n');
  const env = { HOME: server.here, USER: 'me', PATH: place.world.env.PATH, DYN_SLURM_TRACE: '1' };
  const far = { ...place.world, home: server.here, env };
  expect(await status(undefined, { cluster: 'far', json: true }, far)).toBe(0);
  expect(idsIn(place)).toHaveLength(Math.min(20, count));
  const exchanges = place
    .err()
    .split('\n')
    .filter((line) => line.startsWith('ssh: ') && !line.includes('logged in'));
  expect(exchanges.map((line) => line.replace(/ \(\d+ ms\)$/, ''))).toEqual([
    'ssh: read ~/dyn-slurm-runs/*/job.json',
    expect.stringMatching(/^ssh: read ~\/dyn-slurm-runs\/r-[0-9a-f]{6}\/events\.jsonl and \d+ more$/),
    'ssh: squeue --local',
  ]);
});

test('whatever lies in the runs folder holds nobody up', async () => {
  const { world, root, out } = await site();
  await addMany(root, 1);
  for (const [index, make] of [
    (dir: string) =>
      execFileSync('mkfifo', [join(dir, 'job.json'), join(dir, 'events.jsonl'), join(dir, 'plan.json')]),
    (dir: string) => mkdirSync(join(dir, 'job.json')),
    (dir: string) => symlinkSync('/dev/zero', join(dir, 'job.json')),
    (dir: string) => symlinkSync('job.json', join(dir, 'job.json')),
    (dir: string) => writeFileSync(join(dir, 'job.json'), '{"jobId":{"a":[]},"cluster":5,"submitted":[]}'),
    (dir: string) =>
      writeFileSync(join(dir, 'events.jsonl'), 'null\n[]\n5\n{"kind":"verdict"}\n{"kind":"ready","url":5}\n'),
  ].entries()) {
    const dir = join(root, `odd-${index.toString(16).padStart(6, '0')}`);
    mkdirSync(dir);
    make(dir);
  }
  writeFileSync(join(root, 'file-ffffff'), '');
  expect(await status(undefined, { json: true }, world)).toBe(6);
  expect(out()).toContain('"run": "r-000000"');
});
