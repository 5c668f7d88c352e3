import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, expect, test } from 'vitest';
import { streamChat } from '../../src/rehearsal/chat.ts';
import { Stage } from './rehearsal.ts';
import { eventOf, eventsOf, type Submitted, signalBatch, signalTask, submit } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

/** Kills what a step runs on one of its nodes, and not its script. */
const killTask = (run: Submitted, step: string, rank: number): void =>
  signalTask(run, { step, rank, program: 'python' }, 'SIGKILL');

/** How many decode workers a frontend knows. */
async function decodeInstances(url: string): Promise<number> {
  const { instances } = (await (await fetch(`${url}/health`)).json()) as {
    readonly instances: readonly { readonly component: string; readonly endpoint: string }[];
  };
  return instances.filter(({ component, endpoint }) => component === 'backend' && endpoint === 'generate')
    .length;
}

test('a worker is started again, others are done without, and the last of a role ends the job', async () => {
  const run = await submit(stage, 'supervised');
  const { url } = await eventOf(run, 'ready');

  killTask(run, 'prefill-0', 1);
  expect(await eventOf(run, 'worker-restarting')).toMatchObject({
    reason: 'prefill-0 on node1 was killed by SIGKILL',
    step: 'prefill-0',
    rank: 1,
    signal: 'KILL',
    restart: 1,
    of: 1,
    delay: 1,
  });
  expect(await eventOf(run, 'recovered')).toMatchObject({ step: 'prefill-0', role: 'prefill', restart: 1 });

  killTask(run, 'decode-0', 0);
  expect(await eventOf(run, 'degraded')).toMatchObject({
    reason: 'decode-0 on node2 was killed by SIGKILL',
    step: 'decode-0',
    role: 'decode',
    have: 1,
    want: 2,
    missing: ['decode-0'],
  });
  const status = await stage.run('status', run.run, '--json');
  expect(JSON.parse(status.stdout)).toMatchObject({ state: 'degraded', absent: [{ step: 'decode-0' }] });
  // Until its lease has run out a frontend may send requests to the dead worker, and answers 503.
  await expect.poll(() => decodeInstances(String(url))).toBe(1);
  const chat = { url: String(url), model: 'tiny', prompt: 'Hello', maxTokens: 8 };
  expect(await streamChat({ ...chat, signal: new AbortController().signal }, () => {})).toMatchObject({
    tokens: 8,
  });

  killTask(run, 'decode-1', 0);
  expect(await eventOf(run, 'verdict')).toMatchObject({
    outcome: 'failed',
    reason: 'decode-1 on node2 was killed by SIGKILL; no decode worker is left',
    step: 'decode-1',
  });
  expect((await stage.run('watch', run.run, '--json')).code).toBe(7);
});

test('a worker that has used up its restarts ends the job', async () => {
  const { code, events } = await stage.rehearse('supervised', '--fault', 'prefill-0:exit=3');
  expect(code).toBe(7);
  expect(events.filter(({ kind }) => kind === 'worker-restarting')).toHaveLength(1);
  expect(events.at(-1)).toMatchObject({
    outcome: 'failed',
    reason: 'prefill-0 on node0 exited with code 3, after restart 1',
  });
});

test('near the time limit new requests are refused, and those under way are answered', async () => {
  const run = await submit(stage, 'limited');
  const { url } = await eventOf(run, 'ready');
  let drained = '';
  const chat = { url: String(url), model: 'tiny', prompt: 'Hello', maxTokens: 2000 };
  const begun = new AbortController();
  const answer = streamChat({ ...chat, signal: new AbortController().signal }, () => {
    begun.abort();
    drained ||= eventsOf(run).some(({ kind }) => kind === 'draining') ? 'while it streamed' : '';
  });
  if (!begun.signal.aborted) await once(begun.signal, 'abort');
  // What the job asks Slurm to send it before its limit, which is twenty minutes away.
  signalBatch(run, 'SIGUSR1');
  await eventOf(run, 'draining');
  await expect
    .poll(() =>
      fetch(`${url}/v1/models`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    .toBe(false);
  expect((await answer).tokens).toBe(2000);
  expect(drained).toBe('while it streamed');
  expect(await eventOf(run, 'verdict')).toMatchObject({
    outcome: 'timeout',
    reason: 'served until the time limit',
  });
  expect((await stage.run('watch', run.run, '--json')).code).toBe(0);

  const log = readFileSync(join(run.dir, 'logs/gpu.node0.csv'), 'utf8').split('\n');
  expect(log[0]).toMatch(/^timestamp, index, utilization\.gpu, .*, temperature\.gpu$/);
  expect(log[1]).toMatch(/^\d{4}\/\d\d\/\d\d [\d:.]+, 0(, 0)+$/);
});

test('a port that the config gives, and that is taken, is named before anything starts', async () => {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const file = join(stage.runs, 'taken.yaml');
  writeFileSync(
    file,
    JSON.stringify({
      name: 'taken',
      gpu: 'h100',
      aggregated: {},
      infra: { ports: { etcd_client: port } },
      model: { path: '/models/tiny' },
      slurm: { account: 'test', partition: 'batch', time: '10m' },
    }),
  );
  const { code, stdout } = await stage.run('rehearse', file, '--json');
  server.close();
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(code).toBe(7);
  // Node's threads may have a name of their own.
  const taken = `has port ${port} in use already, which etcd needs: \\S+ \\(process ${process.pid}\\) of user ${userInfo().username} listens on it`;
  expect(events.find(({ kind }) => kind === 'preflight')).toMatchObject({
    problems: [{ text: expect.stringMatching(`^${taken}$`), nodes: ['node0'] }],
  });
  expect(events.at(-1)).toMatchObject({
    kind: 'verdict',
    outcome: 'failed',
    reason: expect.stringMatching(`^node0 ${taken}$`),
  });
  expect(events.map(({ kind }) => kind)).not.toContain('step-started');
});
