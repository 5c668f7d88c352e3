import { symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SAMPLES } from '../../../src/plan/sample-request.ts';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());
const bash = (lines: string, ...args: string[]) => run.bash(lines, ...args);

test.each([
  'plain',
  'a "quoted" \\ path',
  'tab\there\nand a line\u001b[31m',
  'über 漢 🙂',
  '$(id) `id` ${x} %s',
])('json_text keeps %j', async (text) => {
  const { out } = await bash('json_text "$1"', text);
  expect(JSON.parse(out)).toBe(text.replace(/[\u0000-\u001f\u007f]/g, ' '));
});

test('an event is one line of JSON, without its empty fields', async () => {
  await bash(
    'event verdict outcome=failed reason="a := b, c=d" role= seconds:=3 rank:= nodes:="$(json_list x "y z")"',
  );
  expect(run.events()).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      kind: 'verdict',
      outcome: 'failed',
      reason: 'a := b, c=d',
      seconds: 3,
      nodes: ['x', 'y z'],
    },
  ]);
});

test('events that a full disk swallows are in job.log, and say so', async () => {
  symlinkSync('/dev/full', join(run.dir, 'events.jsonl'));
  const { out, err } = await bash('event waiting reason=x; event waiting reason=y');
  expect(out.match(/"reason":"."/g)).toEqual(['"reason":"x"', '"reason":"y"']);
  expect(err).toBe(`dyn-slurm: cannot write to ${run.dir}/events.jsonl\n`.repeat(2));
});

test('an event after a torn line has a line of its own', async () => {
  await bash("event waiting reason=x; MEND=$'\\n'; event waiting reason=y; event waiting reason=z");
  expect(run.lines()).toEqual([expect.anything(), '', expect.anything(), expect.anything()]);
});

const record = (name: string, ...lines: (string | number)[]): void =>
  writeFileSync(join(run.dir, 'state', `${name}.exit`), `${lines.join('\n')}\n`);

const UP =
  'for name in decode-0 prefill-1 etcd; do STEPS+=("$name"); STEP_STATE[$name]=up; STEP_ROLE[$name]=; done';

test('the first end that nobody asked for is the cause', async () => {
  record('decode-0.0', 1700000000200, 143, 1, 'node2', 'told to end');
  record('prefill-1.2', 1700000000150, 137, 0, 'node1', 'CUDA error: out of memory');
  record('etcd.0', 1700000000300, 1, 0, 'node0', 'later');
  const { out } = await bash(
    `${UP}; STEP_ROLE[prefill-1]=prefill; first_end && echo "$REASON"; list_cause; printf '%s\\n' "\${FIELDS[@]}"`,
  );
  expect(out.split('\n')).toEqual([
    'prefill-1 on node1 was killed by SIGKILL',
    'step=prefill-1',
    'role=prefill',
    'node=node1',
    'line=CUDA error: out of memory',
    'signal=KILL',
    'rank:=2',
    'exit:=',
    '',
  ]);
});

test('the first failure is the first by the head node’s clock, where others differ', async () => {
  record('decode-0.0', 1700000000100, 134, 0, 'node2', 'lost a peer');
  record('prefill-1.2', 1700000300050, 1, 0, 'node1', 'no such file');
  expect((await bash(`${UP}; first_end; echo "$REASON"`)).out).toBe(
    'decode-0 on node2 was killed by SIGABRT\n',
  );
  expect((await bash(`${UP}; AHEAD=([node1]=300000 [node2]=-2500); first_end; echo "$REASON"`)).out).toBe(
    'prefill-1 on node1 exited with code 1\n',
  );
});

test('steps that were all told to end have no cause', async () => {
  record('decode-0.0', 1700000000200, 143, 1, 'node2', '');
  expect((await bash(`${UP}; first_end`)).code).toBe(1);
});

/** What a service answers by path: status and body. */
async function serving(
  answers: Record<string, [number, string]>,
  use: (address: string) => Promise<void>,
): Promise<void> {
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const [status, text] = answers[request.url ?? ''] ?? [404, 'no such path'];
      response.writeHead(status).end(text.replace('{{body}}', body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
  }
}

test('http prints the body, and fails unless the status is 2xx', async () => {
  await serving({ '/echo': [200, 'got {{body}}'], '/busy': [503, 'not ready'] }, async (address) => {
    expect(await bash('http POST "$1" /echo "$2"', address, '{"prompt":"ü"}')).toMatchObject({
      code: 0,
      out: 'got {"prompt":"ü"}',
    });
    expect(await bash('http GET "$1" /busy', address)).toMatchObject({ code: 1, out: 'not ready' });
  });
  expect(await bash('http GET 127.0.0.1:1 /')).toMatchObject({ code: 1, out: '' });
});

test('instances are counted by component and endpoint, whatever the order of their keys', async () => {
  const health = JSON.stringify({
    status: 'healthy',
    instances: [
      {
        component: 'prefill',
        endpoint: 'generate',
        namespace: 'dynamo',
        transport: { tcp: '10.0.0.1:7777' },
      },
      {
        namespace: 'dynamo',
        endpoint: 'generate',
        component: 'backend',
        transport: { tcp: '10.0.0.2:7777' },
      },
      {
        component: 'backend',
        endpoint: 'worker_kv_query_source_1f',
        namespace: 'dynamo',
        transport: { tcp: '10.0.0.2:7778' },
      },
    ],
  });
  await serving({ '/health': [200, health] }, async (address) => {
    expect(
      await bash(
        "expect prefill 1 prefill generate '{}'; expect decode 1 backend generate '{}'; frontends_see \"$1\"",
        address,
      ),
    ).toMatchObject({ code: 0, out: '' });
    expect(await bash('expect decode 2 backend generate \'{}\'; frontends_see "$1"', address)).toMatchObject({
      code: 1,
      out: `frontend ${address} sees 1 of 2 decode workers\n`,
    });
  });
});

test.each([
  [
    'the stand-in of a rehearsal',
    'rehearsal: dynamo.sglang stands in as dynamo.mocker: decode, dp 1\n',
    'mock',
  ],
  ['dynamo.mocker itself', '2026 INFO main.worker: Launching 1 mocker worker(s) with isolated\n', 'mock'],
  ['SGLang', '[2026-11-24 06:00:00] server_args=ServerArgs(model_path=...)\n', undefined],
  ['an engine that has said nothing', '', undefined],
])('ready says which engines serve: %s', async (_, log, engines) => {
  run.file('logs/decode-0.node1.log', log);
  run.file('events.jsonl', '');
  const { err } = await bash(
    'STARTED=0 ATTEMPT_DIR=$RUN_DIR ENTRY=10.0.0.1:8000 MODEL=m; at() { AT=$1; }; STEPS=(etcd decode-0); declare -A STEP_ROLE=([etcd]="" [decode-0]=decode); announce_ready',
  );
  expect(err).toBe('');
  expect(run.events()).toEqual([
    {
      time: expect.any(String),
      kind: 'ready',
      url: 'http://10.0.0.1:8000',
      model: 'm',
      seconds: expect.any(Number),
      ...(engines && { engines }),
    },
  ]);
});

test.each([
  ['{"usage":{"completion_tokens":8}}', 0],
  ['{"usage":{"completion_tokens":0}}', 1],
  ['{"error":"no"}', 1],
  ['{"choices":[{"finish_reason":"error"}],"usage":{"completion_tokens":3}}', 1],
  ['{"error":{"message":"gone"},"usage":{"completion_tokens":3}}', 1],
  ['{"error":null,"usage":{"completion_tokens":3}}', 0],
])('a completion %s counts only with tokens', async (answer, code) => {
  await serving({ '/v1/chat/completions': [200, answer] }, async (address) => {
    const asked = `sample chat 'a completion' /v1/chat/completions '{}' '"completion_tokens":[1-9]'`;
    expect((await bash(`${asked}; sample_works "$1"`, address)).code).toBe(code);
  });
});

test.each<[surface: 'embeddings' | 'rerank' | 'classify', answer: string, code: number]>([
  ['embeddings', '{"data":[{"embedding":[-0.5,0.25]}]}', 0],
  ['embeddings', '{"data":[{"embedding":"AAAAPw=="}]}', 0],
  ['embeddings', '{"data":[{"embedding":[]}]}', 1],
  ['rerank', '[{"score":0.5,"index":0}]', 0],
  ['rerank', '[]', 1],
  ['classify', '{"data":[{"label":"A","probs":[0.5,0.5]}]}', 0],
  ['classify', '{"message":"Model not found","code":404}', 1],
])('of %s %s counts: %i', async (surface, answer, code) => {
  const sample = SAMPLES[surface];
  await serving({ [String(sample?.path)]: [200, answer] }, async (address) => {
    const words = `sample ${surface} 'a thing' '${sample?.path}' '{}' '${sample?.proof}'`;
    expect((await bash(`${words}; sample_works "$1"`, address)).code).toBe(code);
  });
});

test('a service of images is asked for nothing', async () => {
  expect((await bash("sample media '' '' '' ''; sample_works 127.0.0.1:1", '')).code).toBe(0);
});
