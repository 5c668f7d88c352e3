import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../../../src/cli/program.ts';
import { put, SMALL, testWorld } from '../../../world.ts';

const GOOD = '{"timestamp": 0, "input_length": 655, "output_length": 52, "hash_ids": [0, 1]}\n';

async function check(trace: string | undefined, more = '') {
  const world = testWorld();
  const file = join(world.cwd, 't.jsonl');
  const bench = `bench:\n  type: trace\n  trace: ${file}\n  tokenizer: org/m\n${more}`;
  put(world, { 'c.yaml': `${SMALL}${bench}`, ...(trace !== undefined && { 't.jsonl': trace }) });
  const code = await run(['check', 'c.yaml'], '0', world);
  const said = world.stderr().replaceAll(world.cwd, '').split('\n');
  return { code, said: said.filter((line) => /^(c\.yaml:\d|\s+hint)/.test(line)).map((line) => line.trim()) };
}

const HINT =
  'hint: write one request a line, such as {"timestamp": 0, "input_length": 655, "output_length": 52, "hash_ids": [0, 1]}';

test('a trace of this machine is read', async () => {
  expect(await check(GOOD)).toEqual({ code: 0, said: [] });
  expect(await check(`${GOOD}\n{"timestamp": 5, "input_length": 2000, "hash_ids": [1]}\n`)).toEqual({
    code: 3,
    said: [
      'c.yaml:8:10  bench.trace: /t.jsonl:3: has 1 hash_ids, which stand for 1 to 512 tokens (512 each), but the input_length 2000',
      HINT,
    ],
  });
});

test('a FIFO and a device are not read', async () => {
  const pipe = join(testWorld().cwd, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const trace of [pipe, '/dev/zero']) {
    const world = testWorld();
    put(world, { 'c.yaml': `${SMALL}bench: {type: trace, trace: ${trace}, tokenizer: org/m}\n` });
    expect(await run(['check', 'c.yaml'], '0', world)).toBe(3);
    expect(world.stderr().split('\n')[0]).toBe(`c.yaml:6:29  bench.trace: ${trace}:1: is not a file`);
  }
});

test('of many faults the first ones are shown', async () => {
  const { code, said } = await check(`${GOOD}${'[]\n'.repeat(9)}`);
  expect(code).toBe(3);
  expect(said.filter((line) => line !== HINT)).toEqual(
    [2, 3, 4, 5, 6].map(
      (line) =>
        `c.yaml:8:10  bench.trace: /t.jsonl:${line}: is not a JSON object${line === 6 ? ' (and 4 more)' : ''}`,
    ),
  );
});

test('a fixed schedule needs times, and a trace that is on the nodes only is not looked for', async () => {
  const untimed = '{"input_length": 10}\n';
  expect(await check(untimed)).toEqual({ code: 0, said: [] });
  expect((await check(untimed, '  fixed_schedule: true\n')).said[0]).toContain(
    '/t.jsonl:1: has no timestamp, and no delay after the turn before it',
  );
  expect(await check(undefined)).toEqual({ code: 0, said: [] });
});
