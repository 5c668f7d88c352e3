import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { renderBundle, TEMPLATES, type TemplateName } from '../../../src/render/bundle.ts';
import { parseEventLine } from '../../../src/run/events.ts';
import { packageRoot } from '../../world.ts';
import { planOf, sampleJob } from '../plan/sample-job.ts';

const templates = Object.fromEntries(
  TEMPLATES.map((name) => [name, readFileSync(join(packageRoot, 'templates', name), 'utf8')]),
) as Record<TemplateName, string>;

const filesOf = (sections: Readonly<Record<string, unknown>>) =>
  renderBundle(planOf(sampleJob(sections)), { templates, config: '' }).files;

describe('a job whose run folder is not to be trusted', () => {
  let dir: string;
  let elsewhere: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'dyn-slurm-job-'));
    elsewhere = mkdtempSync(join(tmpdir(), 'dyn-slurm-other-'));
    for (const [path, { text, mode }] of filesOf({ aggregated: {} })) {
      mkdirSync(join(dir, dirname(path)), { recursive: true });
      writeFileSync(join(dir, path), text);
      chmodSync(join(dir, path), mode);
    }
  });
  afterEach(() => {
    for (const folder of [dir, elsewhere]) rmSync(folder, { recursive: true });
  });

  const change = (path: string, make: (text: string) => string): void =>
    writeFileSync(join(dir, path), make(readFileSync(join(dir, path), 'utf8')));
  const run = (env: Readonly<Record<string, string>> = {}) => {
    const { status, stdout, stderr } = spawnSync('bash', ['-p', 'job.sbatch'], {
      cwd: dir,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...env },
    });
    return { status, stdout, stderr };
  };
  const events = () =>
    readFileSync(join(dir, 'events.jsonl'), 'utf8').split('\n').slice(0, -1).map(parseEventLine);
  const verdict = (reason: string, more: object = {}) => ({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
    kind: 'verdict',
    outcome: 'failed',
    reason,
    seconds: 0,
    ...more,
  });

  test.each([
    ['a script of the runtime has changed', 'lib/events.sh'],
    ['the first script has changed', 'lib.sh'],
    ['a script that a node runs has changed', 'task.sh'],
  ])('%s: the verdict says so, and nothing of it has run', (_, file) => {
    change(`runtime/${file}`, (text) => `: >"${elsewhere}/ran"\n${text}`);
    const reason = `${dir}/runtime has changed since this job was rendered`;
    expect(run()).toEqual({ status: 1, stdout: '', stderr: `dyn-slurm: ${reason}\n` });
    expect(events()).toEqual([verdict(reason)]);
    expect(existsSync(join(elsewhere, 'ran'))).toBe(false);
  });

  test('a script of the runtime is gone, after a requeue: no secret is left', () => {
    rmSync(join(dir, 'runtime/lib/steps.sh'));
    writeFileSync(join(dir, 'events.jsonl'), '');
    const secrets = ['env/aggregated-0.secrets', 'state/credentials', 'attempts/1/state/tls.key'];
    for (const path of secrets) {
      mkdirSync(join(dir, dirname(path)), { recursive: true });
      writeFileSync(join(dir, path), 'p');
    }
    expect(run({ SLURM_RESTART_COUNT: '2' }).status).toBe(1);
    const reason = `${dir}/runtime has changed since this job was rendered`;
    expect(events()).toEqual([verdict(reason, { attempt: 2 })]);
    expect(secrets.filter((path) => existsSync(join(dir, path)))).toEqual([]);
  });

  test('a file is somebody else’s, whatever it is called', () => {
    const name = 'a"b\\c\nd.sh';
    const file = join(dir, 'steps', name);
    if (process.getuid?.() === 0) {
      writeFileSync(file, '');
      chownSync(file, 1, 1);
    } else symlinkSync('/etc/passwd', file);
    expect(run().status).toBe(1);
    const user = spawnSync('id', ['-un'], { encoding: 'utf8' }).stdout.trim();
    expect(events()).toEqual([
      verdict(`${dir}/steps/a?b?c?d.sh does not belong to ${user}, who runs this job`),
    ]);
  });

  test('the batch shell is too old', () => {
    // This machine's is not, so the script takes it for such a one.
    change('job.sbatch', (text) => text.replace('>= 404', '>= 99904'));
    const { stdout: version } = spawnSync('bash', ['-c', 'printf %s "$BASH_VERSION"'], { encoding: 'utf8' });
    expect(run().status).toBe(1);
    expect(events()).toEqual([verdict(`the batch shell is bash ${version}, and the job needs 4.4 or later`)]);
  });

  test('a planted link is not written through', () => {
    rmSync(join(dir, 'runtime/lib.sh'));
    symlinkSync(join(elsewhere, 'target'), join(dir, 'events.jsonl'));
    expect(run().status).toBe(1);
    expect(existsSync(join(elsewhere, 'target'))).toBe(false);
  });
});

describe('the order in which workers with several nodes choose theirs', () => {
  const spans = (sections: Readonly<Record<string, unknown>>) =>
    (filesOf(sections).get('job.sbatch')?.text ?? '')
      .split('\n')
      .filter((line) => /^(span|expect_racks) /.test(line));
  const roles = { prefill: { workers: 2, nodes: 4 }, decode: { workers: 2, nodes: 6 } };

  test('the worker of the head node is the first, then come the largest, in launch order', () => {
    expect(spans(roles)).toEqual([
      'span prefill-0 0 1',
      'span decode-0 4 5 6',
      'span decode-1 7 8 9',
      'span prefill-1 2 3',
    ]);
  });

  test('where the head node is for infrastructure, the largest are the first', () => {
    expect(spans({ ...roles, infra: { dedicated_node: true } })).toEqual([
      'span decode-0 5 6 7',
      'span decode-1 8 9 10',
      'span prefill-0 1 2',
      'span prefill-1 3 4',
    ]);
  });

  test('NVLink between nodes, and the segment that Slurm was asked for', () => {
    const rack = { gpu: 'gb200', slurm: { account: 'acct', partition: 'batch', time: '4h', segment: 2 } };
    expect(spans({ ...roles, ...rack }).slice(-2)).toEqual(['span prefill-1 2 3', 'expect_racks 2']);
    expect(spans({ gpu: 'gb200', aggregated: { workers: 2 } })).toEqual([]);
  });
});
