import { expect, test } from 'vitest';
import { plan } from '../../../../src/cli/commands/config/plan.ts';
import { put, SMALL, testWorld } from '../../../world.ts';

/** Exit code and all that `plan` prints of a config, or its message. */
async function planned(more: string, selector = '', options: Parameters<typeof plan>[1] = {}) {
  const world = testWorld();
  put(world, { 'c.yaml': SMALL + more });
  const code = await plan(`c.yaml${selector}`, options, world).catch(
    (error: Error & { hint?: string }) => `${error.message} (${error.hint})`,
  );
  return { code, said: world.stderr() };
}

test('a grid of 10,000 is refused with its number, and so is a larger one', async () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1).join(', ');
  const grid = `sweep:\n  slurm.priority: [0]\n  aggregated.args.a: [${values}]\n  aggregated.args.b: [${values}]\n`;
  expect(
    (await planned(grid.replace('  slurm.priority: [0]\n', ''))).said.split('\n')[0],
  ).toMatchInlineSnapshot(`"c.yaml:6:1  sweep: these are 10000 jobs; a file stands for at most 1000"`);
  expect(
    (await planned(grid.replace('slurm.priority: [0]', 'slurm.time: [1h, 2h]'))).said.split('\n')[0],
  ).toMatchInlineSnapshot(`"c.yaml:6:1  sweep: has 20000 points; a file stands for at most 1000 jobs"`);
});

test('a name that is given twice, and an item of a list', async () => {
  expect(await planned('variants:\n  x: {}\n  x: {slurm: {time: 2h}}\n')).toMatchInlineSnapshot(`
    {
      "code": 3,
      "said": "c.yaml:8:3  variants.x: is given twice; it is already on line 7
      8 |   x: {slurm: {time: 2h}}
        |   ^
    ",
    }
  `);
  expect(await planned('variants:\n  x: {aggregated: {"flags[0]": a}}\n')).toMatchInlineSnapshot(`
    {
      "code": 3,
      "said": "c.yaml:7:20  variants.x.aggregated["flags[0]"]: unknown key
      7 |   x: {aggregated: {"flags[0]": a}}
        |                    ^^^^^^^^^^
      hint: an argument of the program belongs under aggregated.args; the keys here are workers, nodes, gpus_per_worker, gpu_share, spread, tp, pp, dp, ep, dcp, endpoint, kv_events, restart, critical, numa, args, env, module, flags and setup
    ",
    }
  `);
  expect(await planned('sweep:\n  aggregated.flags[0]: [a, b]\n')).toMatchInlineSnapshot(`
    {
      "code": 3,
      "said": "c.yaml:7:3  sweep["aggregated.flags[0]"]: names an item of a list
      7 |   aggregated.flags[0]: [a, b]
        |   ^^^^^^^^^^^^^^^^^^^
      hint: give the whole list: bench.concurrencies=[1, 2]
    ",
    }
  `);
});

test('selectors that select nothing', async () => {
  const variants = 'variants: {mtp: {}, low-lat: {}, low-thr: {}}\n';
  expect(await planned(variants, '[mpt]')).toMatchInlineSnapshot(`
    {
      "code": "c.yaml has no variant mpt; did you mean mtp? (it has the variants mtp, low-lat and low-thr; [base] selects the keys of the file itself)",
      "said": "",
    }
  `);
  expect(await planned(variants, '[high-*]')).toMatchInlineSnapshot(`
    {
      "code": "c.yaml has no variant high-* (it has the variants mtp, low-lat and low-thr; [base] selects the keys of the file itself)",
      "said": "",
    }
  `);
  expect((await planned(variants, '[low-*, mt?]')).code).toBe(0);
});

test('settings that contradict each other, and keys with dots', async () => {
  // What is unset goes first, wherever it stands.
  expect(await planned('', '', { set: ['slurm.time=2h'], unset: ['slurm.time'] })).toEqual({
    code: 0,
    said: '',
  });
  expect(await planned('', '', { unset: ['slurm.time'] })).toMatchInlineSnapshot(`
    {
      "code": 3,
      "said": "command line:1:15  slurm.time: is empty; give it a value
      1 | --unset slurm.time
        |               ^^^^
      hint: Time limit of the job (\`--time\`): 90m, 4h, 1h30m, 2d or Slurm's 1-12:00:00. Required.
    ",
    }
  `);
  expect(await planned('', '', { set: ['aggregated.env={X: "1", Y: b}', 'aggregated.env.X=null'] })).toEqual({
    code: 0,
    said: '',
  });
  expect(await planned('', '', { set: ['aggregated.env["A.B"]=1'] })).toMatchInlineSnapshot(`
    {
      "code": 3,
      "said": "command line:1:21  aggregated.env["A.B"]: is not a valid variable name: use letters, digits and "_"
      1 | --set aggregated.env["A.B"]=1
        |                     ^^^^^^^
    ",
    }
  `);
});

test('a role stands where the file has it, not where a sweep changes its arguments', async () => {
  const sweep = 'sweep:\n  aggregated.args.mem-fraction-static: [0.8]\n';
  expect(await planned(sweep, '', { set: ['prefill.nodes=1'] })).toMatchInlineSnapshot(`
    {
      "code": 3,
      "said": "command line:1:7  prefill: prefill workers cannot serve requests without decode workers
      1 | --set prefill.nodes=1
        |       ^^^^^^^
      hint: add a "decode" role, or use "aggregated" for workers that do both
    command line:1:21  prefill.nodes: conflicts with aggregated: aggregated workers do prefill and decode themselves, and cannot be combined with "prefill"
      1 | --set prefill.nodes=1
        |                     ^
      c.yaml:5:1  aggregated
      5 | aggregated: {workers: 4, gpus_per_worker: 2}
        | ^^^^^^^^^^
      hint: aggregated: remove one of them; null removes a role that the topology sets
    ",
    }
  `);
});

test('a misspelt key is not taken for a free one where a key that is there is as near', async () => {
  expect(await planned('', '', { set: ['aggregated.tp=2', 'aggregated.tpp=4'] })).toMatchInlineSnapshot(`
    {
      "code": 3,
      "said": "command line:2:18  aggregated.tpp: unknown key; did you mean "pp"?
      2 | --set aggregated.tpp=4
        |                  ^^^
    ",
    }
  `);
});
