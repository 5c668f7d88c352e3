import { expect, test } from 'vitest';
import { profilerOf } from '../../../src/engines/profilers.ts';

const launch = (module: string, more: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  profilerOf({ argv: ['python3', '-m', module, '--model', 'm', ...more], env });

test('SGLang is told by each request where to write, and when to stop; so is what no table knows', () => {
  expect(launch('dynamo.sglang')).toEqual({ kind: 'told' });
  expect(launch('dynamo.mocker')).toEqual({ kind: 'told' });
  expect(profilerOf({ argv: [], env: {} })).toEqual({ kind: 'told' });
});

test('vLLM needs a folder at its start', () => {
  expect(launch('dynamo.vllm', [], { VLLM_TORCH_PROFILER_DIR: '/t' })).toEqual({
    kind: 'launched',
    folder: '/t',
  });
  const config = '{"profiler": "torch", "torch_profiler_dir": "/traces"}';
  expect(launch('dynamo.vllm', ['--profiler-config', config])).toEqual({
    kind: 'launched',
    folder: '/traces',
  });
  expect(launch('dynamo.vllm')).toMatchObject({
    kind: 'none',
    reason: 'vLLM was started without a folder for traces, and has no profiler then',
  });
});

test('TensorRT-LLM cannot be told while it serves', () => {
  expect(launch('dynamo.trtllm')).toMatchObject({
    kind: 'none',
    hint: expect.stringMatching(/TLLM_PROFILE_START_STOP=100-150 and TLLM_TORCH_PROFILE_TRACE=FILE/),
  });
});
