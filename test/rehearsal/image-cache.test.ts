import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { processesOf, Stage } from './rehearsal.ts';

const stage = new Stage();
afterAll(() => stage.dispose());

// A login node may see the cache, and whatever a rehearsal put there real jobs would run.
test('a rehearsal imports no image, says so, and leaves the cache as it is', async () => {
  const cache = join(stage.runs, 'images');
  mkdirSync(cache);
  stage.profile('cached', `image_cache: ${cache}\n`);

  const { code, events, stderr } = await stage.rehearse('cached');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [first, ...others] = events.filter(({ kind }) => kind === 'image' || kind === 'ready');
  expect(first).toMatchObject({
    kind: 'image',
    state: 'left-out',
    file: join(cache, 'nvcr.io+nvidia+ai-dynamo+sglang-runtime+1.6.1-x86_64-5dee0020.sqsh'),
    reason: 'a rehearsal runs no containers',
  });
  expect(others).toEqual([expect.objectContaining({ kind: 'ready' })]);
  expect(readdirSync(cache)).toEqual([]);
  await expect.poll(() => processesOf(stage.runs)).toEqual([]);
});
