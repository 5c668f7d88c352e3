import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { status } from '../../../../src/cli/commands/run/status.ts';
import { addRun, site } from '../run-folder.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const GONE = { stderr: 'slurm_load_jobs error: Invalid job id specified\n', exit: 1 };

describe('one run', () => {
  test('that waits', async () => {
    const { world, root, out } = await site({
      squeue: { stdout: '4242|PENDING|3|1763962970|1763970000||dyn-slurm:r1-0a1b2c|Priority\n' },
    });
    await addRun(root, { id: 'r1-0a1b2c', jobId: '4242' });
    expect(await status('r1', {}, world)).toBe(0);
    expect(out().replaceAll(root, 'RUNS')).toBe(
      `\
r1-0a1b2c  waiting
  job      4242 on default, submitted 2 min 10 s ago (2025-11-24 05:42:50)
  state    PENDING
  reason   Priority: other jobs go first
  next     \`squeue --start --jobs=4242\` shows when Slurm expects it to start; \`sprio -j 4242\` shows why others go first
  start    expected in 1 h 55 min (2025-11-24 07:40:00)
  folder   RUNS/r1-0a1b2c
`,
    );
  });

  test('that serves', async () => {
    const { world, root, out } = await site({
      squeue: {
        stdout: '4242|RUNNING|3|1763962970|1763962980 1763977380|node[1-3]|dyn-slurm:r1-0a1b2c|None\n',
      },
    });
    await addRun(root, { id: 'r1-0a1b2c', jobId: '4242', events: 'served', until: 'ready' });
    expect(await status('4242', {}, world)).toBe(0);
    expect(out().replaceAll(root, 'RUNS')).toBe(
      `\
r1-0a1b2c  ready
  job      4242 on default, submitted 2 min 10 s ago (2025-11-24 05:42:50)
  state    RUNNING
  since    ready 1 min 52 s ago (2025-11-24 05:43:08)
  limit    3 h 58 min left, until 2025-11-24 09:43:00
  nodes    node1 (127.77.0.11), node2 (127.77.0.12), node3 (127.77.0.13)
  workers  prefill 1/1, decode 1/1
  url      http://127.77.0.11:8000
  model    deepseek-ai/DeepSeek-R1
  tunnel   ssh -NL8000:127.77.0.11:8000 ada@login1
  try      curl http://127.77.0.11:8000/v1/chat/completions -Hcontent-type:application/json -d '{"model":"deepseek-ai/DeepSeek-R1","messages":[{"role":"user","content":"Hello"}]}'
  folder   RUNS/r1-0a1b2c
`,
    );
  });

  test.each([
    ['and said so', true, '  since    requeued 1 min ago (2025-11-24 05:44:00)\n'],
    ['and could not say so, for its head node was lost', false, ''],
  ])('that Slurm has put back into the queue %s', async (_, says, since) => {
    const { world, root, out } = await site({
      squeue: { stdout: '4242|PENDING|3|1763962970|N/A||dyn-slurm:r1-0a1b2c|BeginTime\n' },
    });
    const run = await addRun(root, { id: 'r1-0a1b2c', jobId: '4242', events: 'served', until: 'ready' });
    const requeued = { time: '2025-11-24T05:44:00.000Z', kind: 'requeued', reason: 'preempted', seconds: 60 };
    if (says) appendFileSync(join(run, 'events.jsonl'), `${JSON.stringify(requeued)}\n`);
    expect(await status('4242', {}, world)).toBe(0);
    expect(out().replaceAll(root, 'RUNS')).toBe(
      `\
r1-0a1b2c  waiting
  job      4242 on default, submitted 2 min 10 s ago (2025-11-24 05:42:50)
  state    PENDING
  reason   BeginTime: its time to begin has not come; a requeued job waits two minutes
  next     wait, or \`scontrol update job 4242 StartTime=now\`
${since}  folder   RUNS/r1-0a1b2c
`,
    );
  });

  test('that failed, with the fatal line in its log', async () => {
    const { world, root, out } = await site();
    const line = 'kernel: NVRM: Xid (PCI:0000:44:00): 79, GPU has fallen off the bus';
    const logs = { 'logs/decode-0.node3.log': `${line}\nRuntimeError: NCCL error\n` };
    await addRun(root, { id: 'r1-0a1b2c', jobId: '4242', events: 'failed-at-start', logs });
    expect(await status('r1-0a1b2c', {}, world)).toBe(7);
    expect(out().replaceAll(root, 'RUNS').split('\n').slice(-8, -1)).toEqual([
      '  last line  torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB',
      '  known as   gpu-xid: the driver reports a fault of a GPU (Xid)',
      `  its line   ${line}`,
      '  log        RUNS/r1-0a1b2c/logs/decode-0.node3.log',
      '  read it    dyn-slurm logs r1-0a1b2c decode-0',
      '  next       GPU 0000:44:00, Xid 79: keep the job off the node and tell the administrators (slurm.directives: {exclude: node3})',
      '  see        https://docs.nvidia.com/deploy/xid-errors/',
    ]);
  });

  test('on a node that an administrator drains', async () => {
    const { world, root, out } = await site({
      squeue: { stdout: '4242|RUNNING|3|1763962970|1763962980|node[1-3]|dyn-slurm:r1-0a1b2c|None\n' },
      sinfo: { stdout: 'node2|draining|fan\n' },
    });
    await addRun(root, { id: 'r1-0a1b2c', jobId: '4242', events: 'served', until: 'ready' });
    expect(await status('4242', {}, world)).toBe(0);
    expect(out()).toMatch(/\n {2}warning {2}node2 is draining \(fan\); its running jobs continue\n$/);
  });

  test('that failed, with its cause; no call of Slurm', async () => {
    const { world, root, out, stub } = await site();
    await addRun(root, { id: 'r1-0a1b2c', jobId: '4242', events: 'failed-at-start' });
    expect(await status('r1-0a1b2c', {}, world)).toBe(7);
    expect(out().replaceAll(root, 'RUNS')).toBe(
      `\
r1-0a1b2c  failed
  job      4242 on default, submitted 2 min 10 s ago (2025-11-24 05:42:50)
  since    ended 1 min 54 s ago (2025-11-24 05:43:06)
  nodes    node1 (127.77.0.11), node2 (127.77.0.12), node3 (127.77.0.13)
  workers  prefill 0/1, decode 0/1
  folder   RUNS/r1-0a1b2c
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
    expect(await stub.calls()).toEqual([]);
  });

  test('that Slurm lost', async () => {
    const { world, root, out } = await site({
      squeue: { stdout: '4242|NODE_FAIL|3|1763962970|1763962980|node[1-3]|dyn-slurm:r1-0a1b2c|NodeDown\n' },
    });
    const secrets = ['state/credentials', 'state/tls.key', 'env/decode-0.secrets'];
    await addRun(root, { id: 'r1-0a1b2c', jobId: '4242', events: 'served', until: 'ready' });
    for (const name of ['state', 'env']) mkdirSync(join(root, 'r1-0a1b2c', name), { recursive: true });
    for (const name of [...secrets, 'env/decode-0.env']) writeFileSync(join(root, 'r1-0a1b2c', name), 'x');
    expect(await status('r1-0a1b2c', {}, world)).toBe(7);
    // The job had no time to remove them.
    expect(secrets.filter((name) => existsSync(join(root, 'r1-0a1b2c', name)))).toEqual([]);
    expect(existsSync(join(root, 'r1-0a1b2c', 'env/decode-0.env'))).toBe(true);
    expect(out()).toContain(
      'failed after 2 min: node1, the head node, or another node of the job failed: Slurm reports NODE_FAIL (NodeDown); the job left no verdict\n',
    );
  });

  test('when Slurm cannot be asked', async () => {
    const { world, root, out } = await site({
      squeue: {
        stderr: 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n',
        exit: 1,
      },
    });
    await addRun(root, { id: 'r1-0a1b2c', jobId: '4242', events: 'served', until: 'ready' });
    expect(await status('r1-0a1b2c', {}, world)).toBe(6);
    expect(out().split('\n').slice(0, 4).join('\n')).toBe(
      `\
r1-0a1b2c  ready
  job      4242 on default, submitted 2 min 10 s ago (2025-11-24 05:42:50)
  state    UNKNOWN
  reason   slurm_load_jobs error: Unable to contact slurm controller (connect failure)`,
    );
  });

  test('as data', async () => {
    const { world, root, out } = await site({ squeue: GONE });
    await addRun(root, { id: 'r1-0a1b2c', jobId: '4242' });
    expect(await status('r1-0a1b2c', { json: true }, world)).toBe(6);
    expect(JSON.parse(out())).toEqual({
      nodeMarks: [],
      load: null,
      bench: [],
      run: 'r1-0a1b2c',
      name: 'r1',
      folder: `${root}/r1-0a1b2c`,
      cluster: 'default',
      job: '4242',
      submitted: '2025-11-24T05:42:50.000Z',
      retryOf: null,
      group: null,
      variant: null,
      cancelledBy: null,
      state: 'unknown',
      mock: false,
      queue: {
        time: '2025-11-24T05:45:00.000Z',
        kind: 'queue',
        job: '4242',
        state: 'GONE',
        phase: 'gone',
        reason: '',
        nodes: 0,
        nodeList: '',
      },
      timeLeft: null,
      started: null,
      nodes: [],
      workers: [],
      absent: [],
      unregistered: [],
      stalled: null,
      signature: null,
      ready: null,
      teardown: null,
      verdict: {
        time: '2025-11-24T05:45:00.000Z',
        kind: 'verdict',
        outcome: 'unknown',
        reason: "neither squeue nor accounting knows job 4242 anymore; the job's script did not start",
        seconds: 0,
        inferred: true,
      },
    });
  });

  test('that is not there', async () => {
    const { world } = await site();
    await expect(status('r9', {}, world)).rejects.toMatchObject({
      code: 'usage',
      message: 'there is no run r9',
    });
  });
});

describe('all runs', () => {
  test('as a table, newest first, with one squeue for those without a verdict', async () => {
    const { world, root, out, stub } = await site({
      squeue: {
        stdout: [
          '4242|RUNNING|3|1763962970|1763962980|node[1-3]|dyn-slurm:r1-0a1b2c|None',
          '4243|PENDING|3|1763962970|N/A||dyn-slurm:r2-0a1b2c|Resources',
          '',
        ].join('\n'),
      },
    });
    const minutes = (minute: number) => `2025-11-24T05:${minute}:00.000Z`;
    await addRun(root, {
      id: 'r1-0a1b2c',
      jobId: '4242',
      events: 'served',
      until: 'ready',
      submitted: minutes(41),
    });
    await addRun(root, { id: 'r2-0a1b2c', jobId: '4243', submitted: minutes(42) });
    await addRun(root, { id: 'r3-0a1b2c', jobId: '41', events: 'failed-at-start', submitted: minutes(30) });
    await addRun(root, { id: 'cut-off-000000' });
    expect(await status(undefined, {}, world)).toBe(0);
    expect(out()).toBe(
      `\
run             cluster   job  state          submitted   at
r2-0a1b2c       default  4243  waiting        3 min ago   2025-11-24 05:42:00  first in line, until enough nodes are free
r1-0a1b2c       default  4242  ready          4 min ago   2025-11-24 05:41:00  http://127.77.0.11:8000, since 1 min 52 s
r3-0a1b2c       default    41  failed         15 min ago  2025-11-24 05:30:00  after 6.0 s: decode-0 on node3 exited with code 1
cut-off-000000  default     -  not submitted  -
`,
    );
    expect((await stub.calls()).map((call) => call.split(' ').at(-1))).toEqual([
      // The one whose submit was cut off might be there by its comment.
      '--me',
      '--jobs=4243,4242',
    ]);
  });

  test('when there are none', async () => {
    const { world, out, err } = await site();
    expect(await status(undefined, {}, world)).toBe(0);
    expect([out(), err()]).toEqual(['', 'there are no runs yet; `dyn-slurm submit CONFIG` starts one\n']);
  });

  test('where DYN_SLURM_RUNS says', async () => {
    const { world, root, out } = await site();
    await addRun(`${root}-elsewhere`, { id: 'r1-0a1b2c', jobId: '4242', events: 'failed-at-start' });
    const elsewhere = { ...world, env: { ...world.env, DYN_SLURM_RUNS: `${root}-elsewhere` } };
    expect(await status(undefined, { json: true }, elsewhere)).toBe(0);
    expect(JSON.parse(out()).map(({ run }: { run: string }) => run)).toEqual(['r1-0a1b2c']);
  });
});
