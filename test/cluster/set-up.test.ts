import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';

const unavailable = clusterAvailable();

describe.skipIf(unavailable)(
  `a Slurm of eight nodes${unavailable ? ` (skipped: ${unavailable})` : ''}`,
  () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await up({ nodes: 8 });
    });
    afterAll(() => down(cluster));

    test('every node runs its own task, under its own name and address', async () => {
      const { stdout } = await cluster.exec([
        'srun',
        '-N8',
        'bash',
        '-c',
        'echo "$(hostname) $(hostname -I)"',
      ]);
      expect(stdout.trim().split('\n').sort()).toEqual(
        cluster.nodes.map(({ name, ip }) => expect.stringMatching(`^${name} ${ip}\\s*$`)),
      );
    });

    test('up again changes nothing', async () => {
      const before = readFileSync(join(cluster.state, 'boxes/node1/init'), 'utf8');
      const again = await up({ nodes: 8 });
      expect(JSON.stringify(again)).toBe(JSON.stringify(cluster));
      expect(readFileSync(join(cluster.state, 'boxes/node1/init'), 'utf8')).toBe(before);
    });

    test('GPUs are given out and bound', async () => {
      // Each step holds its GPUs until both have theirs.
      const both = 'touch ~/step$SLURM_STEP_ID; until [[ -e ~/step0 && -e ~/step1 ]]; do sleep 0.1; done';
      const step = `srun --exact -n1 -c1 --gres=gpu:4 bash -c 'echo $CUDA_VISIBLE_DEVICES; ${both}' &`;
      const { stdout } = await cluster.onLogin(['salloc', '-Q', '-N1', '-n2', '--gpus-per-node=8', 'bash'], {
        input: `${step}\n${step}\nwait\n`,
      });
      expect(stdout.trim().split('\n').sort()).toEqual(['0,1,2,3', '4,5,6,7']);
    });

    test.each([
      [['-p', 'debug', '-t', '60'], 'Requested time limit is invalid (missing or exceeds some limit)'],
      [['-p', 'debug', '-N', '3'], 'Node count specification invalid'],
      [['-p', 'nowhere'], 'invalid partition specified: nowhere'],
      [['-A', 'nobody'], 'Invalid account or account/partition combination specified'],
      [['-A', 'closed'], "Account 'closed' has used up its hours for this quarter"],
      [['-C', 'gb200'], 'Invalid feature specification'],
      [['--gpus-per-node', '9'], 'Requested node configuration is not available'],
    ])('sbatch %j is refused: %s', async (options, words) => {
      const { stderr, code } = await cluster.onLogin(['sbatch', ...options, '--wrap', 'true']);
      expect(stderr).toContain(words);
      expect(code).toBe(1);
    });

    test('what a job leaves running ends with it', async ({ skip }) => {
      if (cluster.proctrack !== 'cgroup') skip('this machine has no freezer cgroups');
      const { stdout } = await cluster.exec([
        ...['srun', '-N2', 'bash', '-c'],
        'setsid setsid sleep 987 </dev/null >/dev/null 2>&1 & until pgrep -fxc "sleep 987"; do :; done',
      ]);
      expect(stdout.split('\n').filter((count) => Number(count) > 0)).toEqual(['1', '1']);
      await expect
        .poll(() => cluster.onNode('node1', ['pgrep', '-f', 'sleep 987']))
        .toMatchObject({ code: 1 });
    });

    test("pyxis's options are taken and recorded", async () => {
      const { stdout } = await cluster.onLogin([
        ...[
          'srun',
          '-N2',
          '--container-image=nvcr.io#nvidia/sglang:1',
          '--container-mounts=/etc:/a,/usr:/c:ro',
        ],
        ...['--no-container-entrypoint', '--container-workdir=/w', '--no-container-mount-home'],
        ...['--container-name=x', '--container-env=A,B', '--container-remap-root', '--container-writable'],
        ...['bash', '-c', 'echo "$SLURM_JOB_ID.$SLURM_STEP_ID.$SLURM_NODEID $TEST_CONTAINER_IMAGE"'],
      ]);
      const lines = stdout.trim().split('\n').sort();
      expect(lines).toHaveLength(2);
      for (const line of lines) {
        const [record = '', image] = line.split(' ');
        expect(image).toBe('nvcr.io#nvidia/sglang:1');
        expect(readFileSync(join(cluster.containers, record), 'utf8')).toBe(
          [
            'container-image=nvcr.io#nvidia/sglang:1',
            'container-mounts=/etc:/a,/usr:/c:ro',
            'container-workdir=/w',
            'container-name=x',
            'container-env=A,B',
            'no-container-mount-home=',
            'container-remap-root=',
            'no-container-entrypoint=',
            'container-writable=',
            '',
          ].join('\n'),
        );
      }
    });

    test.each([
      [
        ['--container-image=/none.sqsh'],
        'failed to create container filesystem from /none.sqsh: No such file',
      ],
      [
        ['--container-image=x', '--container-mounts=/etc:/e,/none:/n'],
        'failed to mount: /none: No such file',
      ],
    ])('%j fails the step', async (options, words) => {
      const { stdout, stderr } = await cluster.onLogin(['srun', ...options, 'hostname']);
      expect(stderr).toContain(words);
      // srun itself ends with 0: Slurm 22.05 counts no task that was not launched.
      expect(stdout).toBe('');
    });
  },
);
