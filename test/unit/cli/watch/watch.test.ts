import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { watch } from '../../../../src/cli/commands/watch/watch.ts';
import { addRun, recordedEvents, script, site } from '../run-folder.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const RUN = 'r1-0a1b2c';
const row = (state: string, reason = 'None') =>
  `4242|${state}|3|1763962970|1763962980|node[1-3]|dyn-slurm:${RUN}|${reason}\n`;

const SERVED = `\
05:43:00  job 4242 started on 3 nodes
05:43:00  3 nodes bound; head node node1, 127.77.0.11
05:43:00  etcd started on node1
05:43:00  nats started on node1
05:43:00  etcd answers
05:43:00  nats answers
05:43:00  frontend-0 started on node1
05:43:00  prefill-0 started on node1
05:43:00  decode-0 started on node2, node3
05:43:03  frontend-0 answers
05:43:03  prefill workers 0/1
05:43:03  decode workers 0/1
05:43:05  prefill workers 1/1
05:43:05  decode workers 1/1
05:43:06  waiting: frontend 127.77.0.11:8000 does not list deepseek-ai/DeepSeek-R1 yet
05:43:08  ready after 8.0 s: deepseek-ai/DeepSeek-R1 at http://127.77.0.11:8000
05:44:12  tearing down: cancelled
05:44:13  cancelled after 1 min 13 s: cancelled
`;

test('a run that has ended: one line a change, and no call of Slurm', async () => {
  const { world, root, out, err, stub } = await site();
  await addRun(root, { id: RUN, jobId: '4242', events: 'served' });
  expect(await watch([RUN], {}, world)).toBe(9);
  expect(out()).toBe(SERVED);
  expect(err()).toBe('');
  expect(await stub.calls()).toEqual([]);
});

test('a worker that failed: the cause, its last line, its log, and what to do', async () => {
  const { world, root, out, err } = await site();
  await addRun(root, { id: RUN, jobId: '4242', events: 'failed-at-start' });
  expect(await watch([], {}, world)).toBe(7);
  expect(out().split('\n').slice(-4).join('\n')).toBe(
    `\
05:43:04  decode-0 on node3 exited with code 1: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB
05:43:04  tearing down: decode-0 on node3 exited with code 1
05:43:06  failed after 6.0 s: decode-0 on node3 exited with code 1
`,
  );
  expect(err().replaceAll(root, 'RUNS')).toBe(
    `\
there is no live run: this is r1-0a1b2c, the newest that has ended
failed after 6.0 s: decode-0 on node3 exited with code 1
  process    decode-0 on node3, rank 1, exited with code 1
  last line  torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB
  known as   cuda-out-of-memory: a GPU ran out of memory
  log        RUNS/r1-0a1b2c/logs/decode-0.node3.log
  read it    dyn-slurm logs r1-0a1b2c decode-0
  next       lower mem-fraction-static (vLLM: gpu-memory-utilization, TensorRT-LLM: free_gpu_memory_fraction), chunked-prefill-size or cuda-graph-max-bs in the role's args, or give the worker more GPUs
  see        https://github.com/sgl-project/sglang/issues/5285
`,
  );
});

test('infrastructure that was killed', async () => {
  const { world, root, err } = await site();
  await addRun(root, { id: RUN, jobId: '4242', events: 'failed-serving' });
  expect(await watch([RUN], {}, world)).toBe(7);
  expect(err().replaceAll(root, 'RUNS')).toBe(
    `\
failed after 31 s: etcd on node1 was killed by SIGKILL
  process    etcd on node1, rank 0, was killed by SIGKILL
  last line  {"level":"info","msg":"ready to serve client requests"}
  log        RUNS/r1-0a1b2c/logs/etcd.node1.log
  read it    dyn-slurm logs r1-0a1b2c etcd
  next       a process outside of the step ended it, and its log does not say why: a person, another job's epilog or a cleaning script of the site; \`sacct -j JOB -o JobID,State,ExitCode\` shows what Slurm knows, and the memory counters of the step tell of nothing, as far as the node could read them
`,
  );
});

test('a deadline', async () => {
  const { world, root, err } = await site();
  await addRun(root, { id: RUN, jobId: '4242', events: 'deadline' });
  expect(await watch([RUN], {}, world)).toBe(8);
  expect(err().replaceAll(root, 'RUNS')).toBe(
    `\
not ready in time after 1 min 4 s: no progress for 60 s, waiting for the workers to register: registered decode 0 1
  log        RUNS/r1-0a1b2c/job.log
  read it    dyn-slurm logs r1-0a1b2c job
  next       a slow but healthy start needs a longer health.deadline or health.stall
`,
  );
});

test('a service that ran into the time limit did what it was for', async () => {
  const { world, root, out } = await site();
  await addRun(root, { id: RUN, jobId: '4242', events: 'time-limit' });
  expect(await watch([RUN], {}, world)).toBe(0);
  expect(out().split('\n').slice(-4).join('\n')).toBe(
    `\
05:44:12  draining: the time limit is near
05:44:12  tearing down: served until the time limit
05:44:13  timeout after 1 min 13 s: served until the time limit
`,
  );
});

test('--json gives the events as they are', async () => {
  const { world, root, out, err } = await site();
  await addRun(root, { id: RUN, jobId: '4242', events: 'failed-at-start' });
  expect(await watch([RUN], { json: true }, world)).toBe(7);
  expect(out().trimEnd().split('\n')).toEqual(await recordedEvents('failed-at-start'));
  expect(err()).toBe('');
});

test('waiting, then all that the job says, with one call of squeue', async () => {
  const { world, root, out, stub } = await site({ squeue: { stdout: row('PENDING', 'Priority') } });
  const log = join(await addRun(root, { id: RUN, jobId: '4242' }), 'events.jsonl');
  const events = (await recordedEvents('served')).map((line) => `${line}\n`);
  const acted = script(world, [
    ['is pending', () => appendFile(log, events.slice(0, 9).join(''))],
    ['decode-0 started', () => appendFile(log, events.slice(9).join(''))],
  ]);
  expect(await watch([RUN], {}, acted)).toBe(9);
  expect(out()).toBe(
    `05:45:00  job 4242 is pending: Priority, other jobs go first; \`squeue --start --jobs=4242\` shows when Slurm expects it to start; \`sprio -j 4242\` shows why others go first\n${SERVED}`,
  );
  expect(await stub.calls()).toHaveLength(1);
});

test('a job that nobody knows any more is not a failed one', async () => {
  const gone = { stderr: 'slurm_load_jobs error: Invalid job id specified\n', exit: 1 };
  const { world, root, out, err } = await site({ squeue: gone });
  await addRun(root, { id: RUN, jobId: '4242' });
  expect(await watch([RUN], {}, world)).toBe(6);
  expect(out()).toBe(
    `\
05:45:00  job 4242 is no longer in the queue
05:45:00  unknown: neither squeue nor accounting knows job 4242 anymore; the job's script did not start
`,
  );
  expect(err().replaceAll(root, 'RUNS')).toBe(
    `\
ended; outcome unknown: neither squeue nor accounting knows job 4242 anymore; the job's script did not start
  next       see job.log, if it exists, and scontrol show node, or ask the administrators
`,
  );
});

test('a job that waits for longer than one wants to stays queued', async () => {
  const { world, root, err, stub } = await site({ squeue: { stdout: row('PENDING', 'PartitionTimeLimit') } });
  await addRun(root, { id: RUN, jobId: '4242' });
  expect(await watch([RUN], { pendingLimit: 1 }, world)).toBe(8);
  expect(err()).toBe(
    `\

not started within 1s, the --pending-limit
  job 4242 is pending: PartitionTimeLimit, slurm.time is over the partition's limit; it will never start: request less, or cancel it and submit with another partition, account or QOS; \`sinfo -o "%P %l"\` shows the limits

stopped watching; job 4242 keeps running
  watch again:  dyn-slurm watch ${RUN}
  end the job:  dyn-slurm cancel ${RUN}, or scancel 4242
`,
  );
  expect(await stub.calls()).not.toContainEqual(expect.stringMatching(/^scancel/));
});

test('a job that has started has all the time', async () => {
  const { world, root } = await site({ squeue: { stdout: row('PENDING', 'Priority') } });
  await addRun(root, { id: RUN, jobId: '4242', events: 'served' });
  expect(await watch([RUN, RUN], { pendingLimit: 1 }, world)).toBe(9);
});

test('an interrupt leaves the job alone, and says how to go on', async () => {
  const { world, root, out, err, interrupt, stub } = await site({ squeue: { stdout: row('RUNNING') } });
  await addRun(root, { id: RUN, jobId: '4242' });
  const acted = script(world, [['runs on', () => interrupt.abort('SIGINT')]]);
  expect(await watch([RUN], {}, acted)).toBe(130);
  expect(out()).toBe('05:45:00  job 4242 runs on 3 nodes\n');
  expect(err()).toBe(
    `
stopped watching; job 4242 keeps running
  watch again:  dyn-slurm watch r1-0a1b2c
  end the job:  dyn-slurm cancel r1-0a1b2c, or scancel 4242
`,
  );
  expect((await stub.calls()).filter((call) => call.startsWith('scancel'))).toEqual([]);
});

test("Slurm that cannot be asked is UNKNOWN, and the job's own words go on", async () => {
  const down = {
    stderr: 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n',
    exit: 1,
  };
  const { world, root, out } = await site({ squeue: down });
  const log = join(await addRun(root, { id: RUN, jobId: '4242' }), 'events.jsonl');
  const events = `${(await recordedEvents('served')).join('\n')}\n`;
  const acted = script(world, [['is unknown', () => appendFile(log, events)]]);
  expect(await watch([RUN], {}, acted)).toBe(9);
  expect(out()).toBe(
    `05:45:00  the state of job 4242 is unknown: slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n${SERVED}`,
  );
});

test('a run that was never submitted has nothing to watch', async () => {
  const { world, root } = await site({ squeue: {} });
  await addRun(root, { id: RUN });
  await expect(watch([RUN], {}, world)).rejects.toMatchObject({
    code: 'usage',
    message: `run ${RUN} has no job: sbatch never answered, and the queue has no job of this run`,
  });
});

test('a run whose answer was lost is found by its comment', async () => {
  const { world, root, out, stub, interrupt } = await site({ squeue: { stdout: row('RUNNING') } });
  await addRun(root, { id: RUN });
  const acted = script(world, [['runs on', () => interrupt.abort('SIGINT')]]);
  expect(await watch([RUN], {}, acted)).toBe(130);
  expect(out()).toBe('05:45:00  job 4242 runs on 3 nodes\n');
  expect((await stub.calls()).map((call) => call.split(' ').at(-1))).toEqual(['--me', '--jobs=4242']);
});
