import { expect, test } from 'vitest';
import { argumentWords } from '../../../../src/config/argument-words.ts';

test.each([
  [{ 'page-size': 64 }, ['--page-size', '64']],
  [{ 'mem-fraction-static': 0.835 }, ['--mem-fraction-static', '0.835']],
  [{ 'attention-backend': 'trtllm_mla' }, ['--attention-backend', 'trtllm_mla']],
  [{ page_size: 64 }, ['--page-size', '64']],
  [{ 'trust-remote-code': true }, ['--trust-remote-code']],
  [{ 'trust-remote-code': false }, []],
  [{ 'no-router-kv-events': true }, ['--no-router-kv-events']],
  [{ 'cuda-graph-bs-decode': [1, 2, 4] }, ['--cuda-graph-bs-decode', '1', '2', '4']],
  [{ 'lora-paths': ['a=/lora/a', 'b=/lora/b'] }, ['--lora-paths', 'a=/lora/a', 'b=/lora/b']],
  [
    { 'json-model-override-args': { rope: { theta: 1e6 } } },
    ['--json-model-override-args', '{"rope":{"theta":1000000}}'],
  ],
  [{ 'chunked-prefill-size': -1 }, ['--chunked-prefill-size', '-1']],
  [{ 'chat-template': '--odd--' }, ['--chat-template=--odd--']],
  [{ 'chat-template': '' }, ['--chat-template', '']],
  [{ 'tool-server': 'two words' }, ['--tool-server', 'two words']],
  [{ b: 1, a: 2 }, ['--b', '1', '--a', '2']],
])('%j becomes %j', (args, words) => {
  expect(argumentWords(args)).toEqual(words);
});
