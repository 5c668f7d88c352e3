import { expect, test } from 'vitest';
import { explain } from '../../../../src/cli/commands/config/explain.ts';
import { testWorld } from '../../../world.ts';

test('describes a key', async () => {
  const world = testWorld({ columns: 60 });
  expect(await explain('slurm.time', {}, world)).toBe(0);
  expect(world.stdout()).toBe(`slurm.time: duration
  Time limit of the job (\`--time\`): 90m, 4h, 1h30m, 2d or
  Slurm's 1-12:00:00. Required.
  For example "4h", "90m", "1-12:00:00".
`);
});

test('lists the keys of a map, within the terminal', async () => {
  const world = testWorld({ columns: 72 });
  expect(await explain('model', {}, world)).toBe(0);
  await expect(world.stdout()).toMatchFileSnapshot('explain-model.txt');
});

test('lists the top level', async () => {
  const world = testWorld();
  expect(await explain(undefined, {}, world)).toBe(0);
  expect(world.stdout()).toMatch(
    /^The keys of a config\. `dyn-slurm explain KEY` describes one in detail\.\n/,
  );
  expect(world.stdout()).toMatch(/^ {2}name +name +Name of the job/m);
});

test('gives data', async () => {
  const world = testWorld();
  expect(await explain('frontend.port', { json: true }, world)).toBe(0);
  expect(JSON.parse(world.stdout())).toMatchObject({ key: 'frontend.port', type: 'port', default: 8000 });
});

test.each([
  ['slrum.time', 'there is no key "slrum.time"; did you mean slurm.time?'],
  ['zzz', 'there is no key "zzz"'],
])('does not know %s', async (key, message) => {
  await expect(explain(key, {}, testWorld())).rejects.toMatchObject({ code: 'usage', message });
});
