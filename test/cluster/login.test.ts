import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';

const unavailable = clusterAvailable();

describe.skipIf(unavailable)(`the way in${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await up({ nodes: 1 });
    // ssh asks this program what it would ask a person.
    const answers = join(cluster.laptopHomes, 'me/answers');
    await writeFile(
      answers,
      `#!/bin/sh
case $1 in
  *assphrase*) echo ${cluster.passphrase} ;;
  *assword*) echo ${cluster.password} ;;
  *code*) echo ${cluster.code} ;;
  *) exit 1 ;;
esac
`,
      { mode: 0o755 },
    );
  });
  afterAll(() => down(cluster));

  const ssh = (options: readonly string[], command: string, prefix: readonly string[] = []) =>
    cluster.laptop([...prefix, 'ssh', ...options, command], {
      env: { SSH_ASKPASS: '/home/me/answers', SSH_ASKPASS_REQUIRE: 'force' },
    });
  const key = (name: string) => ['-o', 'IdentitiesOnly=yes', '-i', `.ssh/${name}`];
  const only = (method: string) => ['-o', `PreferredAuthentications=${method}`];

  test.each([
    ['a key', ['login'], 'ada@login\n'],
    ['a key with a passphrase', ['-J', 'bastion', ...key('with_passphrase'), 'login'], 'ada@login\n'],
    ['a password', [...only('password'), '-J', 'jump@bastion', 'login'], 'ada@login\n'],
    ['a password and a code', ['otto@login'], 'otto@login\n'],
    ['a key and a code', ['mia@login'], 'mia@login\n'],
  ])('with %s, through the bastion', async (_, options, answer) => {
    expect(await ssh(options, 'echo "$(id -un)@$(hostname)"')).toMatchObject({ stdout: answer, code: 0 });
  });

  test('with an agent', async () => {
    const script =
      'ssh-add -q .ssh/for_agent && mv .ssh/for_agent .ssh/away && ssh -i .ssh/for_agent.pub "$@"';
    const agent = ['ssh-agent', 'sh', '-c', script, 'sh'];
    const { stdout } = await cluster.laptop([...agent, '-o', 'IdentitiesOnly=yes', 'login', 'hostname']);
    expect(stdout).toBe('login\n');
  });

  test('a wrong code is refused', async () => {
    const { code, stderr } = await cluster.laptop(
      ['ssh', ...only('keyboard-interactive'), '-oNumberOfPasswordPrompts=1', 'otto@login', 'true'],
      {
        env: { SSH_ASKPASS: '/bin/echo', SSH_ASKPASS_REQUIRE: 'force' },
      },
    );
    expect(stderr).toContain('Permission denied (keyboard-interactive).');
    expect(code).toBe(255);
  });

  test('there is no other way in', async () => {
    const direct = await cluster.laptop([
      'ssh',
      '-o',
      'ConnectTimeout=1',
      '-o',
      'ProxyJump=none',
      cluster.login,
    ]);
    expect(direct.stderr).toContain('Network is unreachable');
    const bastion = await ssh(['bastion'], 'hostname');
    expect(bastion.stdout).toBe('This account is currently not available.\n');
  });

  test('a csh user and a user whose rc file talks', async () => {
    expect((await ssh(['carl@login'], 'echo $shell:t; srun -Q hostname')).stdout).toBe('csh\nnode1\n');
    const noisy = await ssh(['nora@login'], 'srun -Q hostname');
    expect(noisy.stdout).toMatch(/^\*\*\* Welcome to the cluster[\s\S]*node1\n$/);
  });

  test('the laptop shares nothing with the cluster', async () => {
    await cluster.onLogin(['touch', '/home/ada/here']);
    expect((await cluster.onNode('node1', ['ls', '/home/ada/here'])).code).toBe(0);
    for (const path of ['/home/ada', '/etc/slurm/slurm.conf', cluster.slurmConf]) {
      expect((await cluster.laptop(['ls', path])).code).toBe(2);
    }
  });
});
