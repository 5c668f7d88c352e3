import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { type Answer, type LaptopCli, laptopCli } from './laptop.ts';

const unavailable = clusterAvailable();

/** What `status` says where nobody has run anything yet: the login worked. */
const IN = 'there are no runs yet';

describe.skipIf(unavailable)(
  `logging in to a real OpenSSH${unavailable ? ` (skipped: ${unavailable})` : ''}`,
  () => {
    let cluster: Cluster;
    let cli: LaptopCli;
    let config: string;
    let knownHosts: string;
    beforeAll(async () => {
      cluster = await up({ nodes: 1 });
      cli = laptopCli(cluster);
      const ssh = join(cluster.laptopHomes, 'me/.ssh');
      config = readFileSync(join(ssh, 'config'), 'utf8');
      knownHosts = readFileSync(join(ssh, 'known_hosts'), 'utf8');
      for (const [name, host] of Object.entries(PROFILES)) {
        await cli.put(`.config/dyn-slurm/clusters/${name}.yaml`, `host: ${host}\n`);
      }
    });
    afterAll(() => down(cluster));

    const PROFILES = {
      key: 'login',
      otto: 'otto@login',
      mia: 'mia@login',
      carl: 'carl@login',
      nora: 'nora@login',
    };

    /** ssh's configuration with further lines, which come first and so win. */
    const configure = (lines: string) => cli.put('.ssh/config', `${lines}\n${config}`);
    const status = (profile: string) => cli.run(['status', '--cluster', profile]);
    const password: () => Answer = () => [/[Pp]assword/, cluster.password];
    const code: () => Answer = () => [/code/i, cluster.code];

    test.each(['key', 'carl', 'nora'])('with a key, through the bastion, as %s', async (profile) => {
      await configure('');
      expect(await status(profile)).toEqual({ stdout: '', stderr: expect.stringContaining(IN), code: 0 });
    });

    test('with a key that has a passphrase', async () => {
      await configure('Host login\n IdentityFile ~/.ssh/with_passphrase\n IdentitiesOnly yes');
      const ended = await cli.ask(['status', '--cluster', 'key'], [[/Passphrase/, cluster.passphrase]]);
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(IN) });
      expect(ended.stdout).not.toContain(cluster.passphrase);
    });

    test('with a key of an agent', async () => {
      await configure('Host login\n IdentityFile ~/.ssh/for_agent.pub\n IdentitiesOnly yes');
      const main = join(import.meta.dirname, '../../dist/main.js');
      const script = `ssh-add -q .ssh/for_agent && exec ${process.execPath} ${main} status --cluster key`;
      const ended = await cluster.laptop(['ssh-agent', 'sh', '-c', script]);
      expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining(IN) });
      expect(await status('key')).toMatchObject({ code: 6 });
    });

    test('with a password, where it is preferred', async () => {
      await configure('Host login\n PreferredAuthentications password');
      const ended = await cli.ask(['status', '--cluster', 'key'], [password()]);
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(IN) });
      expect(ended.stdout).toContain('Authorised use only. Activity is recorded.');
      expect(ended.stdout).not.toContain(cluster.password);
    });

    test('with a password and a code', async () => {
      await configure('');
      const ended = await cli.ask(['status', '--cluster', 'otto'], [password(), code()]);
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(IN) });
      expect(ended.stdout).toMatch(/\(otto@login\) Password: /);
    });

    test('with a key and a code', async () => {
      const ended = await cli.ask(['status', '--cluster', 'mia'], [code()]);
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining(IN) });
    });

    test('a wrong code is refused, and not asked for again and again', async () => {
      const wrong = [1, 2, 3].map((): Answer => [/code/i, '000000']);
      const ended = await cli.ask(['status', '--cluster', 'mia'], wrong);
      expect(ended).toMatchObject({
        code: 6,
        stdout: expect.stringContaining('cannot log in to login as mia'),
      });
    });

    test('without a terminal nothing is asked: the error says what to do', async () => {
      const ended = await status('otto');
      expect(ended.code).toBe(6);
      expect(ended.stderr).toBe(
        `cannot log in to login as otto: the server accepts keyboard-interactive
  not tried  keyboard-interactive: the server asks for an answer, and there is no terminal
  hint: run the command in a terminal, or add a key to an ssh agent: see docs/ssh.md
`,
      );
    });

    test('an unknown key of the login node is refused, with the line to add', async () => {
      const [own = ''] = knownHosts.split('\n').filter((line) => line.startsWith('login '));
      await cli.put('.ssh/known_hosts', knownHosts.replace(own, ''));
      const ended = await status('key');
      expect(ended.code).toBe(6);
      expect(ended.stderr).toContain('the host key of login is not known\n  shown  ssh-ed25519 SHA256:');
      // What the hint says to run makes it known.
      const command = /`(echo .* >> .*)`/.exec(ended.stderr)?.[1] ?? '';
      await cluster.laptop(['sh', '-c', command]);
      expect(await status('key')).toMatchObject({ code: 0 });
    });

    test('an unknown key of the bastion is refused, with the command to add it', async () => {
      await cli.put('.ssh/known_hosts', knownHosts.replace(/^[\d.]+ .*$/m, ''));
      const ended = await status('key');
      expect(ended.code).toBe(6);
      expect(ended.stderr).toContain('the host key of bastion is not known');
      const command = /`(ssh-keyscan .*)`/.exec(ended.stderr)?.[1] ?? '';
      await cluster.laptop(['sh', '-c', command]);
      expect(await status('key')).toMatchObject({ code: 0 });
    });

    test('a changed key is refused, with the command to forget the old one', async () => {
      const changed = knownHosts.replace(/^login (\S+) \S+/m, (_, type) => {
        const bastion = /^[\d.]+ \S+ (\S+)/m.exec(knownHosts)?.[1];
        return `login ${type} ${bastion}`;
      });
      await cli.put('.ssh/known_hosts', changed);
      const ended = await status('key');
      expect(ended.code).toBe(6);
      expect(ended.stderr).toContain(
        'the host key of login has changed: someone may be intercepting the connection',
      );
      const [forget = '', add = ''] = [...ended.stderr.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
      expect(forget).toBe('ssh-keygen -R login -f /home/me/.ssh/known_hosts');
      await cluster.laptop(['sh', '-c', `${forget} && ${add}`]);
      expect(await status('key')).toMatchObject({ code: 0 });
    });

    test('hashed names are known, and a server that is not there is named', async () => {
      await cli.put('.ssh/known_hosts', knownHosts);
      await cluster.laptop(['ssh-keygen', '-q', '-H', '-f', '.ssh/known_hosts']);
      expect(await status('key')).toMatchObject({ code: 0 });
      await configure('Host login\n Port 9');
      const ended = await status('key');
      expect(ended.code).toBe(6);
      expect(ended.stderr).toMatch(/^cannot reach login \(login:9\): bastion says: .*Connection refused/);
    });
  },
);
