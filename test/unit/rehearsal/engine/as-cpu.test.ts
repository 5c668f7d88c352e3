import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../world.ts';
import { makeNode, type Node, python } from './node.ts';

/** A node whose `dynamo.sglang` says how it was called. */
const SGLANG = `
import json, os, resource, sys
names = ('SGLANG_USE_CPU_ENGINE', 'PYTHONPATH', 'OMP_NUM_THREADS', 'HF_HUB_OFFLINE', 'GLOO_SOCKET_IFNAME')
memory = resource.getrlimit(resource.RLIMIT_DATA)[0] >> 30
print(json.dumps({'argv': sys.argv[1:], 'memory': memory, **{name: os.environ.get(name) for name in names}}))
`;

function cpuNode(): Node {
  const node = makeNode('127.0.0.1');
  mkdirSync(join(node.folder, 'dynamo/sglang'));
  writeFileSync(join(node.folder, 'dynamo/sglang/__main__.py'), SGLANG);
  return {
    ...node,
    env: {
      ...node.env,
      GLOO_SOCKET_IFNAME: 'eth0',
      DYN_SLURM_STANDIN_ENGINE: `cpu:${join(node.folder, 'venv/bin/python')}`,
    },
  };
}

const LEADING =
  '--served-model-name S --page-size 1 --context-length 32768 --max-running-requests 64 --max-total-tokens 65536';
const CPU = '--device cpu --attention-backend torch_native --sampling-backend pytorch';

test.each([
  [
    'an aggregated worker keeps what a CPU can do',
    '--model-path /m --served-model-name S --trust-remote-code --enable-metrics --tp-size 8 --disable-radix-cache',
    `${LEADING} --enable-metrics --disable-radix-cache --model-path MODEL ${CPU}`,
    '',
  ],
  [
    'what only GPUs can do is left out and named; sizes have an upper limit',
    '--model-path=S --mem-fraction-static 0.9 --attention-backend fa3 --quantization fp8 --max-running-requests 2048 --max-total-tokens 1000 --moe-a2a-backend deepep --cuda-graph-bs-decode 1 2 4 --enable-dp-attention --dp-size 8',
    `${LEADING.replace('65536', '1000')} --model-path MODEL ${CPU}`,
    ': 5 arguments ignored: --mem-fraction-static --attention-backend --quantization --moe-a2a-backend --cuda-graph-bs-decode',
  ],
  [
    "a mistake is left for SGLang's own parser",
    '--model-path S --no-such-flag 7 --max-running-requests many',
    `${LEADING.replace('64 ', 'many ')} --no-such-flag 7 --model-path MODEL ${CPU}`,
    '',
  ],
])('%s', (_, words, argv, said) => {
  const { status, stdout, stderr } = python(cpuNode(), ['-m', 'dynamo.sglang', ...words.split(' ')]);
  const called = JSON.parse(stdout) as { readonly argv: readonly string[] };
  const model = called.argv[called.argv.indexOf('--model-path') + 1] ?? '';
  expect(model).toMatch(/^\/.*\/model$/);
  expect({ ...called, argv: called.argv.join(' ').replace(model, 'MODEL') }).toEqual({
    argv,
    memory: 8,
    SGLANG_USE_CPU_ENGINE: '1',
    PYTHONPATH: join(packageRoot, 'rehearsal/node-bin/../engine/cpu'),
    OMP_NUM_THREADS: expect.stringMatching(/^\d+$/),
    HF_HUB_OFFLINE: '1',
    GLOO_SOCKET_IFNAME: 'lo',
  });
  expect(stderr).toBe(`cpu: dynamo.sglang runs on SGLang's CPU engine${said}\n`);
  expect(status).toBe(0);
});

test("with the machine's own engines python3 is theirs, and changes nothing", () => {
  const node = makeNode('127.0.0.1');
  const env = {
    ...node.env,
    HOME: '/home/ada',
    PYTHONPATH: '/mine',
    DYN_SLURM_STANDIN_ENGINE: `real:${join(node.folder, 'venv/bin/python')}`,
  };
  const said = python({ ...node, env }, [
    '-c',
    'import os; print(os.environ["HOME"], os.environ["PYTHONPATH"], os.environ.get("HF_HUB_OFFLINE"))',
  ]);
  expect(said).toEqual({ status: 0, stdout: '/home/ada /mine None\n', stderr: '' });
});
