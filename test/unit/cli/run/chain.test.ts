import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { cancel } from '../../../../src/cli/commands/run/cancel.ts';
import { status } from '../../../../src/cli/commands/run/status.ts';
import { submit } from '../../../../src/cli/commands/submit/submit.ts';
import { SMALL } from '../../../world.ts';
import { addRun, recordedEvents, type Site, site } from '../run-folder.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

/** A site whose sbatch numbers jobs from 100 on, with a config in the working directory. */
async function numbering(answers: Parameters<typeof site>[0] = {}): Promise<Site & { calls(): string[] }> {
  const place = await site(answers);
  const { bin } = place.stub;
  const sbatch = `#!/bin/sh\necho "sbatch $*" >>${bin}/calls\nn=$(cat ${bin}/n 2>/dev/null || echo 100)\necho $((n + 1)) >${bin}/n\necho $n\n`;
  writeFileSync(join(bin, 'sbatch'), sbatch);
  chmodSync(join(bin, 'sbatch'), 0o755);
  writeFileSync(join(place.world.cwd, 'small.yaml'), SMALL);
  let hex = 0xa00000;
  const world = { ...place.world, randomHex: () => (hex++).toString(16) };
  return { ...place, world, calls: () => readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n') };
}

const options = (calls: readonly string[], name: string) =>
  calls.map((call) => call.split(' ').find((word) => word.startsWith(`--${name}`)));

describe('retries', () => {
  test('each names all before it, and is a run of its own', async () => {
    const { world, calls, out, root } = await numbering();
    expect(await submit('small.yaml', { retries: 2 }, world)).toBe(0);
    expect(options(calls(), 'dependency')).toEqual([
      undefined,
      '--dependency=afternotok:100',
      '--dependency=afternotok:100:101',
    ]);
    expect(options(calls(), 'kill-on-invalid-dep')).toEqual([
      undefined,
      '--kill-on-invalid-dep=yes',
      '--kill-on-invalid-dep=yes',
    ]);
    expect(out().split('\n').slice(-3).join('\n')).toBe(
      `  retry   small-a00001, job 101, starts only if all earlier runs fail\n  retry   small-a00002, job 102, starts only if all earlier runs fail\n`,
    );
    const jobs = readdirSync(root).map((run) =>
      JSON.parse(readFileSync(join(root, run, 'job.json'), 'utf8')),
    );
    expect(jobs.map(({ jobId, retryOf, attempt }) => [jobId, retryOf, attempt])).toEqual([
      ['100', undefined, undefined],
      ['101', 'small-a00000', 2],
      ['102', 'small-a00000', 3],
    ]);
  });

  test('as data', async () => {
    const { world, out, root } = await numbering();
    await submit('small.yaml', { retries: 1, json: true }, world);
    const facts = (run: string, jobId: string) => ({ run, jobId, cluster: 'default', dir: join(root, run) });
    expect(JSON.parse(out())).toEqual({
      ...facts('small-a00000', '100'),
      retries: [facts('small-a00001', '101')],
    });
  });

  test('a dry-run says how many', async () => {
    const { world, out } = await numbering();
    await submit('small.yaml', { retries: 2, dryRun: true }, world);
    expect(out()).toContain(
      '\n  and 2 more times, as runs of their own, each with --dependency=afternotok of all before it\n',
    );
  });

  test('a cancel tells the later ones first, which would start otherwise', async () => {
    const { world, calls, root, err } = await numbering({ squeue: {}, scancel: {} });
    await submit('small.yaml', { retries: 2 }, world);
    await cancel('small-a00001', { wait: false }, world);
    expect(calls().filter((call) => call.startsWith('scancel'))).toEqual(['scancel 102', 'scancel 101']);
    expect(err()).toBe('canceled its retry small-a00002, job 102\ncanceled job 101 of small-a00001\n');
    expect(readdirSync(root)).toHaveLength(3);
  });

  test('one that Slurm withdrew was not needed', async () => {
    const gone = { stderr: 'slurm_load_jobs error: Invalid job id specified\n', exit: 1 };
    const { world, root, out } = await site({ squeue: gone });
    await addRun(root, { id: 'r1-0a1b2c', jobId: '1', events: 'time-limit' });
    const dir = await addRun(root, { id: 'r1-0a1b2d', jobId: '2' });
    const job = {
      jobId: '2',
      cluster: 'default',
      submitted: '2025-11-24T05:42:51.000Z',
      retryOf: 'r1-0a1b2c',
      attempt: 2,
    };
    writeFileSync(join(dir, 'job.json'), JSON.stringify(job));
    expect(await status('r1-0a1b2d', {}, world)).toBe(9);
    expect(out()).toContain('retry    of r1-0a1b2c, attempt 2\n');
    expect(out()).toContain('cancelled: not needed: r1-0a1b2c succeeded\n');
  });

  test('the table says what a waiting one waits for', async () => {
    const { world, root, out } = await site({
      squeue: { stdout: '2|PENDING|1|1763962970|N/A||dyn-slurm:r1-0a1b2d|Dependency\n' },
    });
    const dir = await addRun(root, { id: 'r1-0a1b2d', jobId: '2' });
    const job = {
      jobId: '2',
      cluster: 'default',
      submitted: '2025-11-24T05:42:51.000Z',
      retryOf: 'r1-0a1b2c',
      attempt: 2,
    };
    writeFileSync(join(dir, 'job.json'), JSON.stringify(job));
    await status(undefined, {}, world);
    expect(out()).toMatch(/^r1-0a1b2d .* waiting .* starts if r1-0a1b2c fails$/m);
  });
});

describe('--after', () => {
  test('a run that goes on, and the number of a job that is no run', async () => {
    const { world, calls, root } = await numbering();
    await addRun(root, { id: 'r1-0a1b2c', jobId: '7' });
    expect(await submit('small.yaml', { after: ['r1'], afterOk: ['4711'] }, world)).toBe(0);
    expect(options(calls(), 'dependency')).toEqual(['--dependency=afterany:7,afterok:4711']);
  });

  test('a run that has ended needs no waiting', async () => {
    const { world, calls, root } = await numbering();
    await addRun(root, { id: 'r1-0a1b2c', jobId: '7', events: 'failed-at-start' });
    await addRun(root, { id: 'r2-0a1b2c', jobId: '8', events: 'time-limit' });
    expect(await submit('small.yaml', { after: ['r1'], afterOk: ['r2'] }, world)).toBe(0);
    expect(options(calls(), 'dependency')).toEqual([undefined]);
  });

  test('after a run that failed nothing starts that wants its success', async () => {
    const { world, root } = await numbering();
    await addRun(root, { id: 'r1-0a1b2c', jobId: '7', events: 'failed-at-start' });
    await expect(submit('small.yaml', { afterOk: ['r1'] }, world)).rejects.toMatchObject({
      code: 'usage',
      message:
        'run r1-0a1b2c has already failed: decode-0 on node3 exited with code 1; a job that depends on its success would never start',
    });
  });

  test('what is neither run nor job', async () => {
    const { world } = await numbering();
    await expect(submit('small.yaml', { after: ['nosuch'] }, world)).rejects.toMatchObject({
      code: 'usage',
      message: 'there is no run nosuch to wait for',
    });
  });
});

describe('--test-only', () => {
  test('as data; nothing is made', async () => {
    const said =
      'sbatch: Job 6 to start at 1763970000 using 512 processors on nodes node[1-8] in partition batch\n';
    const { world, out, root } = await site({ sbatch: { stderr: said } });
    writeFileSync(join(world.cwd, 'small.yaml'), SMALL);
    expect(await submit('small.yaml', { testOnly: true, json: true }, world)).toBe(0);
    expect(JSON.parse(out())).toEqual({
      accepted: true,
      cluster: 'default',
      start: '2025-11-24T07:40:00.000Z',
      nodes: 'node[1-8]',
      partition: 'batch',
      said: said.trim(),
    });
    expect(existsSync(root)).toBe(false);
  });

  test('a later start', async () => {
    const said =
      'sbatch: Job 6 to start at 1763970000 using 512 processors on nodes node[1-8] in partition batch\n';
    const { world, out } = await site({ sbatch: { stderr: said } });
    writeFileSync(join(world.cwd, 'small.yaml'), SMALL);
    await submit('small.yaml', { testOnly: true }, world);
    expect(out()).toBe(`Slurm on cluster default would accept this job; nothing was submitted
  start  expected in 1 h 55 min (2025-11-24 07:40:00)
  nodes  node[1-8] of partition batch
`);
  });
});

describe('a submit that was cut off', () => {
  const note = (place: Site, run: string, facts: object = {}) => {
    const folder = join(place.world.home, '.local/state/dyn-slurm/submits');
    const known = readdirSync(folder)[0];
    const like = JSON.parse(readFileSync(join(folder, known ?? ''), 'utf8'));
    const dir = join(place.root, run);
    writeFileSync(
      join(folder, `${run}.json`),
      JSON.stringify({ ...like, run, dir, pid: 2 ** 22 + 1, ...facts }),
    );
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'job.sbatch'), '');
    return { folder, known };
  };

  /** One submit whose answer was lost, from which others can be made. */
  async function lost(answers: Parameters<typeof site>[0]) {
    const place = await numbering(answers);
    const { bin } = place.stub;
    const real = readFileSync(join(bin, 'sbatch'), 'utf8');
    writeFileSync(
      join(bin, 'sbatch'),
      '#!/bin/sh\necho "Socket timed out on send/recv operation" >&2\nexit 1\n',
    );
    await expect(submit('small.yaml', {}, place.world)).rejects.toMatchObject({ code: 'connection' });
    writeFileSync(join(bin, 'sbatch'), real);
    return place;
  }

  test("keeps its folder and its note, and Slurm's words come with what to do", async () => {
    const place = await lost({ squeue: {} });
    expect(readdirSync(place.root)).toEqual(['small-a00000']);
    expect(readdirSync(join(place.world.home, '.local/state/dyn-slurm/submits'))).toEqual([
      'small-a00000.json',
    ]);
  });

  test('one that still runs is left alone', async () => {
    const place = await lost({ squeue: {} });
    // Our own pid: it lives.
    expect(await submit('small.yaml', {}, place.world)).toBe(0);
    expect(readdirSync(place.root)).toEqual(['small-a00000', 'small-a00001']);
  });

  test('nothing is submitted while Slurm cannot be asked about it', async () => {
    const place = await lost({ squeue: {} });
    note(place, 'small-b00000');
    await place.stub.answer('squeue', {
      stderr: 'slurm_load_jobs error: Unable to contact slurm controller\n',
      exit: 1,
    });
    await expect(submit('small.yaml', {}, place.world)).rejects.toMatchObject({
      code: 'connection',
      message: expect.stringMatching(
        /^a submission of this job was interrupted \(run small-b00000, .*\), and Slurm cannot be queried/,
      ),
      hint: 'nothing was submitted; try again when Slurm answers',
    });
  });

  test('a job of it that has ended is no reason not to submit, and its folder stays', async () => {
    const place = await lost({ squeue: {} });
    note(place, 'small-b00000');
    await place.stub.answer('squeue', { stdout: '9|FAILED|1|1763962970|N/A||dyn-slurm:small-b00000|None\n' });
    expect(await submit('small.yaml', {}, place.world)).toBe(0);
    expect(readdirSync(place.root)).toEqual(['small-a00000', 'small-a00001', 'small-b00000']);
  });
});

test('who cancelled a run, where accounting says so', async () => {
  const { world, root, out } = await site({
    sacct: { stdout: '4242|CANCELLED by 20003|3|1763962970|1763962980|node[1-3]|0:15\n' },
  });
  await addRun(root, { id: 'r1-0a1b2c', jobId: '4242', events: 'served' });
  expect(await status('r1', {}, world)).toBe(9);
  expect(out()).toContain('\n  by       cancelled by uid 20003\n');
  expect((await recordedEvents('served')).at(-1)).toContain('"cancelled"');
});
