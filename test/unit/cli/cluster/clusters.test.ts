import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chooseCluster, clusterNames } from '../../../../src/cli/runs/cluster/clusters.ts';
import { put, type TestWorld, testWorld } from '../../../world.ts';

const USER = '.config/dyn-slurm/clusters';

function worldWith(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): TestWorld {
  const world = testWorld({ env });
  put(world, files);
  return world;
}

async function chosen(world: TestWorld, option?: string, inConfig?: string) {
  return chooseCluster(option, inConfig, await clusterNames(world), world);
}

test("knows the built-in, the user's and the project's profiles", async () => {
  const world = worldWith({
    [`${USER}/hopper.yaml`]: '',
    [`${USER}/notes.txt`]: '',
    'project/.dyn-slurm/clusters/lab.yaml': '',
  });
  const inside = { ...world, cwd: join(world.home, 'project/src/deep') };
  expect(await clusterNames(inside)).toEqual(['default', 'hopper', 'lab', 'local']);
  expect(await clusterNames(world)).toEqual(['default', 'hopper', 'local']);
});

test('the option wins over the environment, that over the config, that over the default', async () => {
  const files = { [`${USER}/a.yaml`]: '', [`${USER}/b.yaml`]: '', [`${USER}/c.yaml`]: '' };
  const env = { DYN_SLURM_CLUSTER: 'b' };
  expect((await chosen(worldWith(files, env), 'a', 'c')).name).toBe('a');
  expect((await chosen(worldWith(files, env), undefined, 'c')).name).toBe('b');
  expect((await chosen(worldWith(files), undefined, 'c')).name).toBe('c');
  expect(await chosen(worldWith(files))).toEqual({ name: 'default', files: [] });
});

test("the project's file lies over the user's", async () => {
  const world = worldWith({
    [`${USER}/hopper.yaml`]: 'partition: user\n',
    '.dyn-slurm/clusters/hopper.yaml': 'partition: project\n',
  });
  expect((await chosen(world, 'hopper')).files).toEqual([
    { file: '~/.config/dyn-slurm/clusters/hopper.yaml', text: 'partition: user\n' },
    { file: '~/.dyn-slurm/clusters/hopper.yaml', text: 'partition: project\n' },
  ]);
});

test("XDG_CONFIG_HOME moves the user's profiles", async () => {
  const world = worldWith({ 'xdg/dyn-slurm/clusters/hopper.yaml': '' });
  const moved = { ...world, env: { XDG_CONFIG_HOME: join(world.home, 'xdg') } };
  expect((await chosen(moved, 'hopper')).files.map(({ file }) => file)).toEqual([
    '~/xdg/dyn-slurm/clusters/hopper.yaml',
  ]);
});

test.each([
  ['hoper', {}, '--cluster: there is no cluster profile "hoper"; did you mean "hopper"?'],
  [
    undefined,
    { DYN_SLURM_CLUSTER: '../../etc/passwd' },
    'DYN_SLURM_CLUSTER: there is no cluster profile "../../etc/passwd"',
  ],
])('refuses the unknown profile of %s %j', async (option, env, message) => {
  await expect(chosen(worldWith({ [`${USER}/hopper.yaml`]: '' }, env), option)).rejects.toMatchObject({
    code: 'config',
    message,
    hint: 'known are default, hopper, local; a profile is a file ~/.config/dyn-slurm/clusters/NAME.yaml',
  });
});

test("leaves an unknown name in the config to the config's own check", async () => {
  expect(await chosen(worldWith({}), undefined, 'hoper')).toEqual({ name: 'hoper', files: [] });
});
