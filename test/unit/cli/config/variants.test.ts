import { expect, test } from 'vitest';
import { check } from '../../../../src/cli/commands/config/check.ts';
import { plan } from '../../../../src/cli/commands/config/plan.ts';
import { render } from '../../../../src/cli/commands/config/render.ts';
import { put, SMALL, type TestWorld, testWorld } from '../../../world.ts';

const VARIANTS = `${SMALL}variants:
  half: {aggregated: {workers: 2, gpus_per_worker: 4}}
  big: {aggregated: {workers: 8}, slurm: {time: 30m}}
sweep:
  aggregated.args.max-running-requests: [64, 128]
`;

function world(text = VARIANTS): TestWorld {
  const made = testWorld();
  put(made, { 'c.yaml': text });
  return made;
}

test('plan shows a table of the variants', async () => {
  const made = world();
  expect(await plan('c.yaml', {}, made)).toBe(0);
  expect(made.stdout()).toMatchInlineSnapshot(`
    "variant      nodes  GPUs  workers × GPUs         time
    half-mrr64       1     8  2 aggregated × 4, tp4  1h    aggregated.workers=2, aggregated.gpus_per_worker=4, aggregated.args.max-running-requests=64
    half-mrr128      1     8  2 aggregated × 4, tp4  1h    aggregated.workers=2, aggregated.gpus_per_worker=4, aggregated.args.max-running-requests=128
    big-mrr64        2    16  8 aggregated × 2, tp2  30m   aggregated.workers=8, slurm.time=30m, aggregated.args.max-running-requests=64
    big-mrr128       2    16  8 aggregated × 2, tp2  30m   aggregated.workers=8, slurm.time=30m, aggregated.args.max-running-requests=128
    4 variants: at most 16 GPUs each, 32 GPU-hours together
    "
  `);
});

test('plan shows one in full, and those that a pattern selects', async () => {
  const [one, some, base, set] = [world(), world(), world(), world()];
  expect(await plan('c.yaml[half-mrr64]', {}, one)).toBe(0);
  expect(one.stdout().split('\n')[0]).toBe(
    'small-half-mrr64: 1 node × 8 h100 = 8 GPUs for up to 1h, 8 GPU-hours',
  );
  expect(await plan('c.yaml[big, half-mrr64]', {}, some)).toBe(0);
  expect(some.stdout()).toMatchInlineSnapshot(`
    "variant     nodes  GPUs  workers × GPUs         time
    half-mrr64      1     8  2 aggregated × 4, tp4  1h    aggregated.workers=2, aggregated.gpus_per_worker=4, aggregated.args.max-running-requests=64
    big-mrr64       2    16  8 aggregated × 2, tp2  30m   aggregated.workers=8, slurm.time=30m, aggregated.args.max-running-requests=64
    big-mrr128      2    16  8 aggregated × 2, tp2  30m   aggregated.workers=8, slurm.time=30m, aggregated.args.max-running-requests=128
    3 variants: at most 16 GPUs each, 24 GPU-hours together
    "
  `);
  expect(await plan('c.yaml', { variant: ['base'] }, base)).toBe(0);
  expect(base.stdout().split('\n')[0]).toBe('small: 1 node × 8 h100 = 8 GPUs for up to 1h, 8 GPU-hours');
  const options = { variant: ['big-*128'], set: ['name=other', 'slurm.time=10m'] };
  expect(await plan('c.yaml', options, set)).toBe(0);
  expect(set.stdout().split('\n')[0]).toBe(
    'other-big-mrr128: 2 nodes × 8 h100 = 16 GPUs for up to 10m, 2.67 GPU-hours',
  );
});

test('plan gives JSON of one, or of several as a list', async () => {
  const [one, several] = [world(), world()];
  expect(await plan('c.yaml[half-mrr64]', { json: true }, one)).toBe(0);
  expect(await plan('c.yaml[half]', { json: true }, several)).toBe(0);
  const data = JSON.parse(several.stdout());
  expect(
    data.map(({ variant, changes, plan }: { variant: string; changes: string[]; plan: { name: string } }) => [
      variant,
      changes,
      plan.name,
    ]),
  ).toEqual([
    [
      'half-mrr64',
      ['aggregated.workers=2', 'aggregated.gpus_per_worker=4', 'aggregated.args.max-running-requests=64'],
      'small-half-mrr64',
    ],
    [
      'half-mrr128',
      ['aggregated.workers=2', 'aggregated.gpus_per_worker=4', 'aggregated.args.max-running-requests=128'],
      'small-half-mrr128',
    ],
  ]);
  expect(data[0].plan).toEqual(JSON.parse(one.stdout()));
});

test('check looks at all of them, and says once what is wrong', async () => {
  const [good, bad, json] = [world(), world(VARIANTS.replace('workers: 2', 'workers: x')), world()];
  expect(await check('c.yaml', {}, good)).toBe(0);
  expect(good.stdout()).toBe('c.yaml is valid: 4 variants: at most 16 GPUs each, 32 GPU-hours together\n');
  expect(await check('c.yaml', {}, bad)).toBe(3);
  expect(bad.stderr()).toBe(`c.yaml:7:32  variants.half.aggregated.workers: must be a whole number, not "x"
  7 |   half: {aggregated: {workers: x, gpus_per_worker: 4}}
    |                                ^
  in 2 variants: half-mrr64 and half-mrr128
c.yaml: 1 error
`);
  expect(await check('c.yaml[big]', { json: true }, json)).toBe(0);
  expect(JSON.parse(json.stdout())).toEqual({
    ok: true,
    cluster: 'default',
    diagnostics: [],
    variants: [
      {
        variant: 'big-mrr64',
        changes: ['aggregated.workers=8', 'slurm.time=30m', 'aggregated.args.max-running-requests=64'],
      },
      {
        variant: 'big-mrr128',
        changes: ['aggregated.workers=8', 'slurm.time=30m', 'aggregated.args.max-running-requests=128'],
      },
    ],
  });
});

test('an error of the variants themselves keeps one of them from being planned', async () => {
  const made = world(VARIANTS.replace('sweep:', '  all: {}\nsweep:'));
  expect(await plan('c.yaml[half-mrr64]', {}, made)).toBe(3);
  expect(made.stderr()).toContain('"all" selects all variants');
  expect(made.stdout()).toBe('');
});

test('a selection that selects nothing, and a command that takes one', async () => {
  await expect(plan('c.yaml[hafl]', {}, world())).rejects.toMatchObject({
    message: 'c.yaml has no variant hafl; did you mean half?',
    hint: 'it has the variants half-mrr64, half-mrr128, big-mrr64 and big-mrr128; [base] selects the keys of the file itself',
  });
  await expect(plan('c.yaml[a]', {}, world(SMALL))).rejects.toMatchObject({
    message: 'c.yaml has no variants, so [a] selects nothing',
  });
  await expect(render('c.yaml', { out: 'job' }, world())).rejects.toMatchObject({
    message:
      'c.yaml has the variants half-mrr64, half-mrr128, big-mrr64 and big-mrr128, and this command takes one of them',
    hint: "name it, as 'c.yaml[half-mrr64]', or the file's own keys, as 'c.yaml[base]'",
  });
});

test('a file whose name ends in brackets is that file', async () => {
  const made = testWorld();
  put(made, { 'c[1]': SMALL });
  expect(await check('c[1]', {}, made)).toBe(0);
});

test('the bundle of a variant has its config, and says where it is from', async () => {
  const made = world(
    `# Of one node.\n\n${VARIANTS.replace('gpu: h100', '# what it needs\ngpu: h100 # or h200')}`,
  );
  expect(await render('c.yaml[half-mrr64]', { out: 'job', set: ['slurm.time=10m'] }, made)).toBe(0);
  expect(await made.readFile(`${made.cwd}/job/config.yaml`)).toBe(`# c.yaml, variant half-mrr64
# --set slurm.time=10m
#
# Of one node.

name: small-half-mrr64

# what it needs
gpu: h100 # or h200

model:
  path: /models/m

slurm:
  account: a
  partition: p
  time: 10m

aggregated:
  workers: 2
  gpus_per_worker: 4
  args:
    max-running-requests: 64
`);
});
