import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, afterEach, expect, test } from 'vitest';
import { processesOf, Stage } from './rehearsal.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

const CONFIG = join(import.meta.dirname, '../fixtures/rehearsal/disaggregated.yaml');

/** Submits to the stand-in; the run's id, folder and job. */
async function submit(): Promise<{ run: string; dir: string; jobId: string }> {
  const { code, stdout, stderr } = await stage.run('submit', CONFIG, '--cluster', 'local', '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** The status, once it says one of these. */
async function statusOnce(
  run: string,
  wanted: (status: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  for (;;) {
    const { stdout } = await stage.run('status', run, '--json');
    const status = JSON.parse(stdout) as Record<string, unknown>;
    if (wanted(status)) return status;
  }
}

test('a run is watched, read and cancelled by its commands', async () => {
  const { run, dir, jobId } = await submit();
  const status = await statusOnce(run, ({ ready, verdict }) => ready !== null || verdict !== null);
  expect(status).toMatchObject({ run, job: jobId, ready: { url: expect.stringMatching(/^http:\/\/127\./) } });

  const logs = await stage.run('logs', run, 'prefill-0');
  expect(logs.code).toBe(0);
  expect(logs.stdout).toMatch(
    /prefill-0@node0.*rehearsal: dynamo\.sglang stands in as dynamo\.mocker: prefill/,
  );
  expect(logs.stdout).toMatch(/prefill-0@node1/);

  const cancelled = await stage.run('cancel', run);
  expect(cancelled.code).toBe(0);
  expect(await stage.run('watch', run, '--json').then(({ code }) => code)).toBe(9);
  const events = readFileSync(join(dir, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.at(-1)).toMatchObject({ kind: 'verdict', outcome: 'cancelled', reason: 'cancelled' });
  expect(events.map(({ kind }) => kind)).not.toContain('process-ended');
  expect(existsSync(join(dir, 'state/credentials'))).toBe(false);

  // Once more changes nothing.
  const again = await stage.run('cancel', run);
  expect(again.code).toBe(0);
  expect(again.stderr).toContain('has ended already: cancelled');
});

test('an interrupted rehearsal takes its job down', async () => {
  const controller = stage.start('rehearse', CONFIG);
  await controller.line(/prefill workers 1\/1/);
  controller.interrupt();
  const { code, stdout } = await controller.ended;
  expect(code).toBe(130);
  expect(stdout).toMatch(/processes: none left/);
});

// A worker that stands still hears no SIGTERM: Slurm would kill it after 15 s here, lib.sh after 8.
test('an interrupted rehearsal kills what does not end', async () => {
  const before = new Set(readdirSync(stage.runs));
  const rehearsal = stage.start('rehearse', CONFIG, '--fault', 'decode-0:stop@ready');
  await rehearsal.line(/ ready after /);
  const [run = ''] = readdirSync(stage.runs).filter((name) => !before.has(name));
  const dir = join(stage.runs, run);
  await expect.poll(() => readFileSync(join(dir, 'job.json'), 'utf8')).toContain('jobId');
  const { jobId } = JSON.parse(readFileSync(join(dir, 'job.json'), 'utf8')) as { jobId: string };
  const locals = () => readdirSync('/tmp').filter((name) => name.startsWith(`dyn-slurm-${jobId}-`));
  expect(locals().length).toBeGreaterThan(0);
  await expect.poll(() => stopped(dir)).not.toEqual([]);
  rehearsal.interrupt();
  const { code, stdout } = await rehearsal.ended;
  expect(code).toBe(130);
  expect(stdout).toMatch(/teardown: killed: the rehearsal was interrupted/);
  // A busy kernel takes its time to end what was killed.
  const secrets = () =>
    readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /(credentials|etcd\.lock|token|\.secrets)$/.test(name),
    );
  await expect
    .poll(() => ({ processes: processesOf(dir), locals: locals(), secrets: secrets() }))
    .toEqual({ processes: [], locals: [], secrets: [] });
});

/** Processes of a run that SIGSTOP has stopped. */
const stopped = (dir: string): readonly string[] =>
  processesOf(dir).filter((line) =>
    /^\d+ \(.*\) T /s.test(readFileSync(`/proc/${Number.parseInt(line, 10)}/stat`, 'utf8')),
  );

// Containers often run as a user that no passwd entry knows.
test.runIf(process.getuid?.() === 0)('a user without a name can render, and use the stand-in', async () => {
  const home = mkdtempSync(join(tmpdir(), 'dyn-slurm-nobody-'));
  chownSync(home, 4242, 4242);
  const root = join(import.meta.dirname, '../..');
  const nameless = (...words: string[]) =>
    promisify(execFile)(
      'setpriv',
      ['--reuid', '4242', '--regid', '4242', '--clear-groups', process.execPath, ...words],
      {
        cwd: home,
        env: { PATH: process.env.PATH, DYN_SLURM_STANDIN_DIR: join(home, 'standin') },
      },
    );
  const rendered = await nameless(join(root, 'dist/main.js'), 'render', CONFIG, '--out', join(home, 'job'));
  expect(rendered.stderr).toMatch(/^wrote \d+ files/);
  const queue = await nameless(join(root, 'rehearsal/bin/squeue'), '--noheader');
  expect(queue).toEqual({ stdout: '', stderr: '' });
  rmSync(home, { recursive: true });
});
