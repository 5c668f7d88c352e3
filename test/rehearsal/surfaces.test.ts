import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Stage } from './rehearsal.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

function rehearsed(config: string) {
  return stage.run('rehearse', join(import.meta.dirname, '../fixtures/rehearsal', `${config}.yaml`));
}

/** What a rehearsal says of the answer and at its end: without its events, and without figures that differ each time. */
const plain = (text: string) =>
  text
    .replace(/^\d\d:.*\n/gm, '')
    .replace(/[\d.]+(?= ms| s after| tok\/s)/g, '#')
    .replace(/(run folder {2})\S+/, '$1DIR')
    .replace(/(?<=image\)\n).*/, 'TEXT')
    .replace(/(?<="embedding":\[)(-?[01](\.\d+)?,)+.*…/, 'NUMBERS')
    .split('\n');

test('embeddings are answered by workers that register as such, and the service is ready with them', async () => {
  const { code, stdout } = await rehearsed('embedding');
  expect(plain(stdout)).toEqual([
    '',
    '> /v1/embeddings {"input":"Hello"}',
    '{"object":"list","model":"tiny/Embedding-1","data":[{"index":0,"object":"embedding","embedding":[NUMBERS',
    '',
    '',
    'ready       # s after submit',
    'answer      an embedding after # ms',
    'not real    answers: their numbers follow from the input, and mean nothing',
    'not tested  mock engines ignored --trust-remote-code',
    'run folder  DIR',
    '',
  ]);
  expect(code).toBe(0);
});

test('an image is taken by a service with encoders, which says what became of it', async () => {
  const { code, stdout } = await rehearsed('images');
  expect(plain(stdout)).toEqual([
    '',
    '> Why do large models need so many GPUs? (with an image)',
    'TEXT',
    '',
    '',
    'ready       # s after submit',
    'completion  48 tokens, # tok/s, first after # ms',
    'not real    images: they are accepted, and nothing is made of them',
    'not tested  mock engines ignored --dedicated-mm-encoder --enable-multimodal',
    'run folder  DIR',
    '',
  ]);
  expect(code).toBe(0);
});
