import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { everyCommand, isMention, sceneOf } from '../../doc-commands.ts';
import { addRun, packageRoot, site } from '../cli/run-folder.ts';

// Every command line that the README, the docs and help show is typed: here where files, and what Slurm was recorded to say,
// are enough; in test/rehearsal/docs.test.ts where it takes a service or a session.

const CONFIG = `name: dsr1
topology: docs-dsr1-wideep-h100
model: {path: /models/DeepSeek-R1}
slurm: {account: my-account, partition: batch, time: 4h}
`;
const HOPPER = 'account: my-account\npartition: batch\n';
const RECIPE = `name: small
model: {path: /models/small, container: lmsysorg/sglang:v0.5.9, precision: fp8}
resources: {gpu_type: h100, gpus_per_node: 8, agg_nodes: 1, agg_workers: 1}
slurm: {time_limit: "01:00:00"}
frontend: {enable_multiple_frontends: false}
backend:
  sglang_config:
    aggregated: {tensor-parallel-size: 8}
`;
const RECIPE_WITH_VARIANTS = `base:
${RECIPE.replace(/^(?=.)/gm, '  ')}override_mtp:
  backend: {sglang_config: {aggregated: {max-running-requests: 8}}}
`;
const SUBMIT_SCRIPT = `#!/bin/bash
python3 submit_job_script.py --model-dir /m --container-image i --gpu-type gb200-fp8 --job-name mine
`;
const PROJECT_PROFILE = '.dyn-slurm/clusters/hopper.yaml';

const { names, commands } = await everyCommand();

beforeAll(() => {
  process.env.TZ = 'UTC';
});

test('there are as many as there ought to be', () => {
  expect(commands.length).toBeGreaterThan(130);
  expect(commands.filter(({ from }) => from.startsWith('README.md')).length).toBeGreaterThan(12);
  expect(names.length).toBeGreaterThan(25);
});

describe('names of commands', () => {
  const mentioned = [...new Set(commands.filter(isMention).map(({ argv }) => argv[0] ?? ''))];
  test.each(mentioned)('%s', (name) => {
    expect(names).toContain(name);
  });
});

const lines = [
  ...new Map(commands.filter((each) => !isMention(each)).map((each) => [each.text, each])).values(),
];

describe('do what they say', () => {
  const typed = lines.filter((line) => sceneOf(line) === undefined && line.argv[0] !== 'setup');
  test.each(typed.map((line) => [line.text, line] as const))('%s', async (_, { argv, from }) => {
    const place = await site({
      sbatch: {
        stdout: '4711\n',
        stderr:
          'sbatch: Job 4712 to start at 2025-11-24T14:00:00 using 8 processors on nodes n[1-8] in partition batch\n',
      },
      squeue: { stdout: '' },
      scancel: {},
    });
    const { root, world } = place;
    await addRun(root, {
      id: 'dsr1-8c11d2',
      jobId: '4241',
      events: 'time-limit',
      submitted: '2025-11-24T05:40:00.000Z',
    });
    const dir = await addRun(root, {
      id: 'dsr1-3fa29c',
      jobId: '4242',
      events: 'time-limit',
      logs: {
        'logs/decode-0.node2.log': '2025-11-24T05:43:01.000Z  INFO a line\n',
        'logs/prefill-0.node1.log': '2025-11-24T05:43:01.000Z  INFO a line\n',
        'logs/bench.node1.log': 'measured\n',
        'job.log': 'said by srun\n',
      },
    });
    const plan = 'slurm_jobs/qwen3-disaggregated-one-node/plan.json';
    await copyFile(join(packageRoot, plan), join(dir, 'plan.json'));
    const bench = {
      version: 1,
      name: 'bench',
      type: 'custom',
      points: [],
      requestRate: 'inf',
      lengthTolerance: 1,
      maxErrorRate: 1,
      service: { model: 'm', dynamo: '1.6.1' },
    };
    await writeFile(join(dir, 'bench.json'), JSON.stringify(bench));
    await mkdir(join(dir, 'results/c8'), { recursive: true });
    const result = 'profile_export_aiperf.json';
    await copyFile(
      join(packageRoot, 'test/recorded/bench/aiperf-0.13.0', result),
      join(dir, 'results/c8', result),
    );
    for (const name of ['config.yaml', 'dsr1.yaml']) await writeFile(join(world.home, name), CONFIG);
    await writeFile(join(world.home, 'sweep.yaml'), `${CONFIG}variants: {mtp: {}, plain: {}}\n`);
    await mkdir(join(world.home, 'recipes'));
    const recipe = argv.includes('--select') ? RECIPE_WITH_VARIANTS : RECIPE;
    for (const name of ['RECIPE', 'recipe.yaml', 'recipes/recipe.yaml'])
      await writeFile(join(world.home, name), recipe);
    await writeFile(join(world.home, 'submit.sh'), SUBMIT_SCRIPT);
    await mkdir(join(world.home, '.config/dyn-slurm/clusters'), { recursive: true });
    await writeFile(join(world.home, '.config/dyn-slurm/clusters/hopper.yaml'), HOPPER);
    await mkdir(join(world.home, '.dyn-slurm/clusters'), { recursive: true });
    await writeFile(join(world.home, PROJECT_PROFILE), HOPPER);
    if (argv[0] === 'trust' && argv.includes('--remove')) await run(['trust', PROJECT_PROFILE], '0', world);
    // Any port will do, and any folder of the home.
    const words = argv.map((word) => {
      if (argv[0] === 'trust' && word === 'file.out') return PROJECT_PROFILE;
      return word.startsWith('/etc/') ? join(world.home, word) : word === '9500' ? '0' : word;
    });
    if (argv[0] === 'nodes') {
      const node = argv.at(-1) ?? '';
      const noted = [{ node, reason: 'lost its GPUs', run: 'dsr1-3fa29c', time: world.now().toISOString() }];
      await world.writeFile(
        join(world.home, '.local/state/dyn-slurm/nodes/default.json'),
        JSON.stringify(noted),
      );
    }
    // Here is nobody to ask.
    if (argv[0] === 'remove' && !argv.includes('--yes')) words.push('--yes');
    const read = { ...world, readStdin: async () => CONFIG };
    const code = await run(words, '0', read).catch((error: Error) => `${error.message}`);
    expect([code, from, code === 0 ? '' : place.err()]).toEqual([0, from, '']);
  });
});
