import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type Outcome, Stage } from './rehearsal.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

const last = (outcome: Outcome, kind: string) => outcome.events.findLast((event) => event.kind === kind);

/** The registrations that were seen last, by role. */
const registered = ({ events }: Outcome) =>
  Object.fromEntries(
    events.flatMap((event) =>
      event.kind === 'workers-registered' ? [[event.role, `${event.have}/${event.want}`]] : [],
    ),
  );

describe('serves a chat', () => {
  test.each([
    ['aggregated', 'tiny', { aggregated: '4/4' }, 2],
    ['disaggregated', 'tiny/Model-1', { prefill: '1/1', decode: '2/2' }, 4],
    ['frontends', 'tiny', { prefill: '1/1', decode: '2/2' }, 3],
    // More frontends than nodes.
    ['crowded', 'tiny/Model-1', { aggregated: '2/2' }, 2],
    // A worker over two nodes, and one with data parallel ranks on each of its nodes.
    ['vllm', 'tiny/Model-1', { prefill: '1/1', decode: '2/2' }, 4],
    // Each data parallel rank a process, also of a worker over two nodes.
    ['vllm-apart', 'tiny/Model-1', { prefill: '4/4', decode: '4/4' }, 3],
    // MPI ranks on each GPU, of one worker over two nodes.
    ['trtllm', 'tiny/Model-1', { prefill: '2/2', decode: '1/1' }, 3],
    // Engines' own servers, behind their own routers or none.
    ['sglang-router', 'tiny/Model-1', { prefill: '2/2', decode: '1/1' }, 4],
    ['vllm-router', 'tiny/Model-1', { prefill: '1/1', decode: '2/2' }, 3],
    ['trtllm-serve', 'tiny/Model-1', { prefill: '2/2', decode: '1/1' }, 3],
    ['alone', 'tiny/Model-1', { aggregated: '1/1' }, 2],
    // Two frontends, without an address for the answers of workers.
    ['older', 'tiny/Model-1', { aggregated: '2/2' }, 2],
  ])('%s', async (config, model, workers, nodes) => {
    const outcome = await stage.rehearse(config);
    expect(outcome.stderr).toBe('');
    expect(registered(outcome)).toEqual(workers);
    expect((last(outcome, 'nodes-bound') as { nodes: unknown[] }).nodes).toHaveLength(nodes);
    expect(last(outcome, 'ready')).toMatchObject({
      model,
      url: expect.stringMatching(/^http:\/\/127\.\d+\.\d+\.\d+:8000$/),
    });
    expect(last(outcome, 'chat')).toMatchObject({ tokens: 48 });
    expect(outcome.code).toBe(0);
  });
});

test('TensorRT-LLM is found under the name that earlier releases register', async () => {
  const outcome = await stage.rehearse('trtllm', '--set', 'dynamo.version=1.2.1');
  expect(registered(outcome)).toEqual({ prefill: '2/2', decode: '1/1' });
  expect(last(outcome, 'chat')).toMatchObject({ tokens: 48 });
  expect(outcome.code).toBe(0);
});

test('a rank of MPI that dies is the cause', async () => {
  const outcome = await stage.rehearse('trtllm', '--fault', 'decode-0.1:kill=KILL@ready');
  expect(outcome.events.at(-1)).toMatchObject({
    kind: 'verdict',
    outcome: 'failed',
    step: 'decode-0',
    node: 'node2',
    rank: 1,
    signal: 'KILL',
  });
  expect(outcome.code).toBe(7);
});

describe('a benchmark', () => {
  test('ends the job well', async () => {
    const outcome = await stage.rehearse('benched');
    expect(outcome.events.at(-1)).toMatchObject({
      kind: 'verdict',
      outcome: 'succeeded',
      reason: 'the benchmark has ended',
    });
    expect(outcome.code).toBe(0);
  });

  test('that fails is the cause', async () => {
    const outcome = await stage.rehearse('benched', '--fault', 'bench:exit=4');
    expect(outcome.code).toBe(7);
    expect(outcome.events.at(-1)).toMatchObject({
      kind: 'verdict',
      outcome: 'failed',
      step: 'bench',
      node: 'node0',
      exit: 4,
    });
  });
});

// Nothing of the job was on these ports when the nodes were asked.
describe('names who needed a port that somebody else took after the preflight', () => {
  test.each([
    ['frontend-0', '8000'],
    ['nats', '4222'],
  ])('%s, %s', async (step, port) => {
    const outcome = await stage.rehearse('disaggregated', '--fault', `${step}:port=${port}`);
    expect(last(outcome, 'verdict')).toMatchObject({
      outcome: 'failed',
      step,
      line: expect.stringMatching(/address (is )?already in use/i),
    });
    expect(outcome.code).toBe(7);
  });
});

describe('names what failed first', () => {
  test.each<[fault: string, verdict: Record<string, unknown>]>([
    ['prefill-0.1:kill', { step: 'prefill-0', role: 'prefill', rank: 1, signal: 'KILL' }],
    ['decode-1:exit=3', { step: 'decode-1', role: 'decode', rank: 0, exit: 3 }],
    ['decode-0:exit=0', { step: 'decode-0', role: 'decode', rank: 0, exit: 0 }],
    ['decode-1:kill@ready', { step: 'decode-1', role: 'decode', rank: 0, signal: 'KILL' }],
    ['prefill-0:kill=TERM@ready+1', { step: 'prefill-0', role: 'prefill', rank: 0 }],
    ['etcd:kill', { step: 'etcd', rank: 0, signal: 'KILL' }],
    ['etcd:kill@ready', { step: 'etcd', rank: 0, signal: 'KILL' }],
    ['nats:kill', { step: 'nats', rank: 0, signal: 'KILL' }],
    ['nats:kill@ready', { step: 'nats', rank: 0, signal: 'KILL' }],
  ])('%s', async (fault, cause) => {
    const outcome = await stage.rehearse('disaggregated', '--fault', fault);
    expect(last(outcome, 'verdict')).toMatchObject({
      outcome: 'failed',
      node: expect.stringMatching(/^node\d+$/),
      reason: expect.stringMatching(
        new RegExp(`^${cause.step} on node\\d+ (was killed by SIG|exited with code )`),
      ),
      ...cause,
    });
    expect(outcome.code).toBe(7);
  });
});
