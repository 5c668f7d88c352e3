import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { logs } from '../../../../src/cli/commands/logs/logs.ts';
import { report } from '../../../../src/cli/commands/report/report.ts';
import { cancel } from '../../../../src/cli/commands/run/cancel.ts';
import { status } from '../../../../src/cli/commands/run/status.ts';
import { submit } from '../../../../src/cli/commands/submit/submit.ts';
import { lookUpEach, lookUpRun } from '../../../../src/cli/runs/lookup.ts';
import { SMALL } from '../../../world.ts';
import { NOW, recordedEvents, type Site, site } from '../run-folder.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const SWEEP = `${SMALL}variants:
  plain: {}
  wide: {aggregated: {workers: 8}}
sweep:
  aggregated.args.max-running-requests: [64, 128]
`;

interface Group extends Site {
  calls(): readonly string[];
  /** job.json of all runs, by the number of the job. */
  jobs(): readonly Record<string, unknown>[];
}

/** A site whose sbatch numbers jobs from 100 on, and refuses those whose comment has a word of `refused`. */
async function numbering(refused = 'none-is-refused', text = SWEEP): Promise<Group> {
  const place = await site();
  const { bin } = place.stub;
  const sbatch = `#!/bin/sh
echo "sbatch $*" >>${bin}/calls
case "$*" in *"${refused}"*) echo 'sbatch: error: Batch job submission failed: Node count specification invalid' >&2; exit 1 ;; esac
n=$(cat ${bin}/n 2>/dev/null || echo 100)
echo $((n + 1)) >${bin}/n
echo $n
`;
  writeFileSync(join(bin, 'sbatch'), sbatch);
  chmodSync(join(bin, 'sbatch'), 0o755);
  writeFileSync(join(place.world.cwd, 'sweep.yaml'), text);
  let hex = 0xa00000;
  let time = NOW.getTime();
  const world = {
    ...place.world,
    randomHex: () => (hex++).toString(16),
    now: () => {
      time += 1000;
      return new Date(time);
    },
  };
  const jobs = () =>
    readdirSync(place.root)
      .map((run) => JSON.parse(readFileSync(join(place.root, run, 'job.json'), 'utf8')))
      .sort((a, b) => a.jobId - b.jobId);
  const calls = () => readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n');
  return { ...place, world, calls, jobs };
}

const dependencies = (calls: readonly string[]) =>
  calls.map((call) => call.split(' ').find((word) => word.startsWith('--dependency')) ?? '');

test('variants are submitted as a group, each a run of its own', async () => {
  const { world, out, err, calls, jobs, root } = await numbering();
  expect(await submit('sweep.yaml', {}, world)).toBe(0);
  expect(err()).toBe('');
  expect(out()).toMatchInlineSnapshot(`
    "submitted 4 jobs on cluster default as group small-a00004
    variant       run                        job  starts
    plain-mrr64   small-plain-mrr64-a00000   100
    plain-mrr128  small-plain-mrr128-a00001  101
    wide-mrr64    small-wide-mrr64-a00002    102
    wide-mrr128   small-wide-mrr128-a00003   103
    4 variants: at most 16 GPUs each, 48 GPU-hours together
      watch   dyn-slurm watch small-a00004
      status  dyn-slurm status small-a00004
      report  dyn-slurm report small-a00004
      cancel  dyn-slurm cancel small-a00004
    "
  `);
  expect(dependencies(calls())).toEqual(['', '', '', '']);
  expect(jobs().map(({ variant, group, changes }) => [variant, group, changes])).toEqual([
    ['plain-mrr64', 'small-a00004', ['aggregated.args.max-running-requests=64']],
    ['plain-mrr128', 'small-a00004', ['aggregated.args.max-running-requests=128']],
    ['wide-mrr64', 'small-a00004', ['aggregated.workers=8', 'aggregated.args.max-running-requests=64']],
    ['wide-mrr128', 'small-a00004', ['aggregated.workers=8', 'aggregated.args.max-running-requests=128']],
  ]);
  const config = readFileSync(join(root, 'small-wide-mrr64-a00002/config.yaml'), 'utf8');
  expect(config).toContain('# sweep.yaml, variant wide-mrr64\nname: small-wide-mrr64\n');
  expect(config).not.toContain('sweep:');
});

test('so many at a time: each waits for the end of the one so many before it, its retries among it', async () => {
  const two = await numbering();
  expect(await submit('sweep.yaml', { maxJobs: 2, json: true }, two.world)).toBe(0);
  expect(dependencies(two.calls())).toEqual([
    '',
    '',
    '--dependency=afterany:100',
    '--dependency=afterany:101',
  ]);
  const facts = (run: string, jobId: string) => ({ run, jobId, dir: join(two.root, run) });
  expect(JSON.parse(two.out())).toEqual({
    group: 'small-a00004',
    cluster: 'default',
    runs: [
      { variant: 'plain-mrr64', ...facts('small-plain-mrr64-a00000', '100') },
      { variant: 'plain-mrr128', ...facts('small-plain-mrr128-a00001', '101') },
      { variant: 'wide-mrr64', ...facts('small-wide-mrr64-a00002', '102'), waits: 'plain-mrr64' },
      { variant: 'wide-mrr128', ...facts('small-wide-mrr128-a00003', '103'), waits: 'plain-mrr128' },
    ],
    rejected: [],
    left: [],
  });
  const chain = await numbering();
  expect(await submit('sweep.yaml[plain]', { maxJobs: 1, retries: 1, after: ['77'] }, chain.world)).toBe(0);
  expect(dependencies(chain.calls())).toEqual([
    '--dependency=afterany:77',
    '--dependency=afternotok:100',
    '--dependency=afterany:77,afterany:100:101',
    '--dependency=afternotok:102',
  ]);
});

test('one that Slurm rejects stops no other, and leaves no place in the queue', async () => {
  const { world, out, err, calls, jobs } = await numbering('plain-mrr128');
  expect(await submit('sweep.yaml', { maxJobs: 1 }, world)).toBe(5);
  expect(out()).toMatchInlineSnapshot(`
    "submitted 3 jobs on cluster default as group small-a00004, at most 1 at a time
    variant      run                       job  starts
    plain-mrr64  small-plain-mrr64-a00000  100
    wide-mrr64   small-wide-mrr64-a00002   101  when plain-mrr64 has ended
    wide-mrr128  small-wide-mrr128-a00003  102  when wide-mrr64 has ended
    3 variants: at most 16 GPUs each, 40 GPU-hours together
      watch   dyn-slurm watch small-a00004
      status  dyn-slurm status small-a00004
      report  dyn-slurm report small-a00004
      cancel  dyn-slurm cancel small-a00004
    "
  `);
  expect(err().replace(/^ {2}ran:.*\n/m, '')).toMatchInlineSnapshot(`
    "not submitted: plain-mrr128: sbatch: error: Batch job submission failed: Node count specification invalid
    sbatch refused the job (exit 1)
      hint: see the sizes with \`sinfo -o "%P %D"\`; the job asks for more nodes than the partition may give
    "
  `);
  expect(dependencies(calls())).toEqual([
    '',
    '--dependency=afterany:100',
    '--dependency=afterany:100',
    '--dependency=afterany:101',
  ]);
  expect(jobs().map(({ variant }) => variant)).toEqual(['plain-mrr64', 'wide-mrr64', 'wide-mrr128']);
});

test('a job that Slurm has forgotten meanwhile has ended, and is not waited for', async () => {
  const place = await numbering('dependency=afterany:100 ');
  const { bin } = place.stub;
  const sbatch = readFileSync(join(bin, 'sbatch'), 'utf8');
  writeFileSync(
    join(bin, 'sbatch'),
    sbatch.replace('Node count specification invalid', 'Job dependency problem'),
  );
  expect(await submit('sweep.yaml', { maxJobs: 1 }, place.world)).toBe(0);
  expect(place.err()).toBe('');
  expect(dependencies(place.calls())).toEqual([
    '',
    '--dependency=afterany:100',
    '',
    '--dependency=afterany:101',
    '--dependency=afterany:102',
  ]);
});

test('nothing is sent where one of them has an error, or needs a secret that is not here', async () => {
  const bad = await numbering('-', SWEEP.replace('workers: 8', 'workers: 8, tp: 3'));
  expect(await submit('sweep.yaml', {}, bad.world)).toBe(3);
  expect(existsSync(bad.root) ? readdirSync(bad.root) : []).toEqual([]);
  const secret = SWEEP.replace('workers: 8', 'workers: 8, env: {HF_TOKEN: {from_env: HF_TOKEN}}');
  const poor = await numbering('-', secret);
  await expect(submit('sweep.yaml', {}, poor.world)).rejects.toMatchObject({ code: 'preflight' });
  expect(existsSync(poor.root) ? readdirSync(poor.root) : []).toEqual([]);
});

test('where Slurm cannot be reached any more, it says which were sent, and how to go on', async () => {
  const place = await numbering();
  const { bin } = place.stub;
  const sbatch = readFileSync(join(bin, 'sbatch'), 'utf8');
  const gone =
    "echo 'sbatch: error: Batch job submission failed: Unable to contact slurm controller' >&2; exit 1";
  writeFileSync(
    join(bin, 'sbatch'),
    sbatch.replace('echo $n\n', `if [ $n = 102 ]; then ${gone}; fi\necho $n\n`),
  );
  await expect(submit('sweep.yaml', {}, place.world)).rejects.toMatchObject({ code: 'connection' });
  expect(place.err()).toBe(
    "not submitted any more: wide-mrr64,wide-mrr128; to submit them: dyn-slurm submit 'sweep.yaml[wide-mrr64,wide-mrr128]'\n",
  );
  expect(place.out().split('\n')[0]).toBe('submitted 2 jobs on cluster default as group small-a00004');
});

test('one whose submit was cut off is not sent twice, though it waits for other jobs now', async () => {
  const place = await numbering();
  const { bin } = place.stub;
  const notes = join(place.world.home, '.local/state/dyn-slurm/submits');
  const sbatch = readFileSync(join(bin, 'sbatch'), 'utf8');
  writeFileSync(join(bin, 'sbatch'), sbatch.replace('echo $n\n', `cp ${notes}/* ${bin}/\necho $n\n`));
  expect(await submit('sweep.yaml', { maxJobs: 1 }, place.world)).toBe(0);
  const note = JSON.parse(readFileSync(join(bin, 'small-wide-mrr64-a00002.json'), 'utf8'));
  const [run, dir] = ['small-wide-mrr64-0a1b2c', join(place.root, 'small-wide-mrr64-0a1b2c')];
  mkdirSync(dir);
  writeFileSync(join(dir, 'job.sbatch'), '#!/bin/bash\n');
  writeFileSync(join(notes, `${run}.json`), JSON.stringify({ ...note, run, dir, pid: 2 ** 22 }));
  await place.stub.answer('squeue', { stdout: `77|PENDING|1|0|0||dyn-slurm:${run}|Priority\n` });
  const before = place.out().length;
  expect(await submit('sweep.yaml', { maxJobs: 1, json: true }, place.world)).toBe(0);
  const { group, runs } = JSON.parse(place.out().slice(before));
  expect(runs.map(({ jobId }: { jobId: string }) => jobId)).toEqual(['104', '105', '77', '106']);
  expect(dependencies(place.calls().filter((call) => call.startsWith('sbatch'))).slice(4)).toEqual([
    '',
    '--dependency=afterany:104',
    '--dependency=afterany:77',
  ]);
  expect(JSON.parse(readFileSync(join(dir, 'job.json'), 'utf8'))).toMatchObject({
    group,
    variant: 'wide-mrr64',
  });
});

test('a dry-run shows the table and the order, or all of it, or data', async () => {
  const [text, json] = [await numbering(), await numbering()];
  expect(await submit('sweep.yaml', { dryRun: true, maxJobs: 2 }, text.world)).toBe(0);
  expect(text.out()).toMatchInlineSnapshot(`
    "variant       nodes  GPUs  workers × GPUs         time
    plain-mrr64       1     8  4 aggregated × 2, tp2  1h    aggregated.args.max-running-requests=64
    plain-mrr128      1     8  4 aggregated × 2, tp2  1h    aggregated.args.max-running-requests=128
    wide-mrr64        2    16  8 aggregated × 2, tp2  1h    aggregated.workers=8, aggregated.args.max-running-requests=64
    wide-mrr128       2    16  8 aggregated × 2, tp2  1h    aggregated.workers=8, aggregated.args.max-running-requests=128
    4 variants: at most 16 GPUs each, 48 GPU-hours together
    At most 2 would run at a time: each waits for the one 2 before it, however that ends (--dependency=afterany).
    \`dyn-slurm submit 'sweep.yaml[plain-mrr64]' --dry-run\` shows one in full.
    "
  `);
  expect(await submit('sweep.yaml', { dryRun: true, json: true }, json.world)).toBe(0);
  const shown = JSON.parse(json.out()) as { variant: string; run: { id: string }; gpus: number }[];
  expect(shown.map(({ variant, run, gpus }) => [variant, run.id, gpus])).toEqual([
    ['plain-mrr64', 'small-plain-mrr64-a00000', 8],
    ['plain-mrr128', 'small-plain-mrr128-a00001', 8],
    ['wide-mrr64', 'small-wide-mrr64-a00002', 16],
    ['wide-mrr128', 'small-wide-mrr128-a00003', 16],
  ]);
  expect(existsSync(text.root) ? readdirSync(text.root) : []).toEqual([]);
});

/** A group of which two have served until their time limit, one has failed, and one waits. */
async function ended(): Promise<Group> {
  const place = await numbering();
  await submit('sweep.yaml', {}, place.world);
  const events = async (name: string) => `${(await recordedEvents(name)).join('\n')}\n`;
  const write = (run: string, text: string) => writeFileSync(join(place.root, run, 'events.jsonl'), text);
  write('small-plain-mrr64-a00000', await events('time-limit'));
  write('small-plain-mrr128-a00001', await events('time-limit'));
  write('small-wide-mrr64-a00002', await events('failed-serving'));
  await place.stub.answer('squeue', {
    stdout: '103|PENDING|2|1763962970|N/A N/A|(null)|(null)|Dependency\n',
  });
  return place;
}

test('a group stands for its runs', async () => {
  const place = await ended();
  const ids = async (query: string) => (await lookUpEach([query], {}, place.world)).map(({ run }) => run.id);
  const all = [
    'small-plain-mrr64-a00000',
    'small-plain-mrr128-a00001',
    'small-wide-mrr64-a00002',
    'small-wide-mrr128-a00003',
  ];
  expect(await ids('small-a00004')).toEqual(all);
  expect(await ids('small-a')).toEqual(all);
  expect(await ids('small-wide-mrr64')).toEqual(['small-wide-mrr64-a00002']);
  await expect(lookUpRun('small-a00004', {}, place.world)).rejects.toMatchObject({
    message: 'small-a00004 is a group of 4 runs, and this command takes one',
  });
  await expect(logs('small-a00004', undefined, {}, place.world)).rejects.toMatchObject({
    message: 'small-a00004 is a group of 4 runs, and this command takes one',
  });
});

test('status of a group, and its report', async () => {
  const place = await ended();
  const before = place.out().length;
  const later = { ...place.world, now: () => new Date(NOW.getTime() + 60_000) };
  expect(await status('small-a00004', {}, later)).toBe(7);
  expect(place.out().slice(before)).toMatchInlineSnapshot(`
    "run                        cluster  job  state    submitted  at
    small-plain-mrr64-a00000   default  100  timeout  55 s ago   2025-11-24 05:45:05  after 1 min 13 s: served until the time limit
    small-plain-mrr128-a00001  default  101  timeout  53 s ago   2025-11-24 05:45:07  after 1 min 13 s: served until the time limit
    small-wide-mrr64-a00002    default  102  failed   51 s ago   2025-11-24 05:45:09  after 31 s: etcd on node1 was killed by SIGKILL
    small-wide-mrr128-a00003   default  103  waiting  49 s ago   2025-11-24 05:45:11  it waits for the job that it depends on
    "
  `);
  expect(await report(['small-a00004'], {}, place.world)).toBe(0);
  const html = readFileSync(join(place.world.cwd, 'small-a00004.html'), 'utf8');
  const row = /<tr><th scope="row">small-wide-mrr64-a00002<\/th>.*?<\/tr>/s.exec(html)?.[0];
  expect(row?.replace(/<[^>]+>/g, '|')).toMatchInlineSnapshot(
    `"||small-wide-mrr64-a00002||wide-mrr64||aggregated.workers=8, aggregated.args.max-running-requests=64||failed||etcd on node1 was killed by SIGKILL||0 of 0||–||–||"`,
  );
});

test('cancel of a group ends the last first', async () => {
  const place = await ended();
  writeFileSync(join(place.root, 'small-wide-mrr64-a00002/events.jsonl'), '');
  await place.stub.answer('scancel', {});
  expect(await cancel('small-a00004', { wait: false }, place.world)).toBe(0);
  const told = place.calls().filter((call) => call.startsWith('scancel'));
  expect(told.map((call) => call.split(' ').at(-1))).toEqual(['103', '102']);
});

test('a retry that was not needed does not count', async () => {
  const place = await numbering();
  await submit('sweep.yaml[plain]', { retries: 1 }, place.world);
  const events = `${(await recordedEvents('time-limit')).join('\n')}\n`;
  for (const run of ['small-plain-mrr64-a00000', 'small-plain-mrr128-a00001'])
    writeFileSync(join(place.root, run, 'events.jsonl'), events);
  await place.stub.answer('squeue', {
    stdout: [101, 103]
      .map((job) => `${job}|CANCELLED|1|1763962970|N/A N/A|(null)|(null)|DependencyNeverSatisfied\n`)
      .join(''),
  });
  const before = place.out().length;
  const [{ group }] = place.jobs() as [{ group: string }];
  expect(await status(group, {}, place.world)).toBe(0);
  expect(place.out().slice(before)).toContain('not needed: small-plain-mrr64-a00000 succeeded');
  expect(await report([group], { out: 'group.html' }, place.world)).toBe(0);
  const html = readFileSync(join(place.world.cwd, 'group.html'), 'utf8');
  expect(html.match(/<h1>.*?<\/h1>/s)?.[0].match(/small-[\w-]+/g)).toEqual([
    'small-plain-mrr64-a00000',
    'small-plain-mrr128-a00001',
  ]);
});
