import { describe, expect, test } from 'vitest';
import { refusalHint } from '../../../src/scheduler/refusal.ts';
import { RELEASES, recorded } from './recorded.ts';

describe.each(RELEASES)('Slurm %s', (release) => {
  test.each([
    ['partition', 'see the partitions with `sinfo -s`, then set slurm.partition'],
    ['constraint', 'see the features with `sinfo -o "%P %f"`, then change slurm.constraint'],
    ['gres', 'no node of the partition has what is asked: see `sinfo -o "%P %D %c %m %G"`'],
    ['memory', 'this site refuses the memory request: set `memory_directive: false` in the cluster profile'],
    ['reservation', 'see the reservations with `scontrol show reservation`, then change slurm.reservation'],
    ['time', 'see the limits with `sinfo -o "%P %l"`, then lower slurm.time'],
    ['bad-time', 'see the limits with `sinfo -o "%P %l"`, then lower slurm.time'],
    [
      'nodes',
      'see the sizes with `sinfo -o "%P %D"`; the job asks for more nodes than the partition may give',
    ],
    ['license', 'see the licenses with `scontrol show licenses`'],
    ['pyxis', 'this Slurm does not know the option: see slurm.directives and the cluster profile'],
  ])('%s', (name, hint) => {
    expect(refusalHint(recorded(release, `refused-${name}.stderr`) ?? '')).toBe(hint);
  });
});

test.each(['20.11.4', '22.05.8'])('Slurm %s knows no segments', (release) => {
  expect(refusalHint(recorded(release, 'refused-segment.stderr') ?? '')).toBe(
    'slurm.segment needs Slurm 24.05 or later',
  );
});

test('GPUs by a name that the site does not know', () => {
  const stderr = 'sbatch: error: Batch job submission failed: Invalid generic resource (gres) specification';
  expect(refusalHint(stderr)).toBe(
    'see how this site names its GPUs with `sinfo -o "%P %G"`, and set gpu_directive in the cluster profile',
  );
});

test('words that are not known get no hint', () => {
  expect(refusalHint('sbatch: error: the moon is in the wrong house')).toBeUndefined();
});

test('a plugin of the site speaks first, and only its code is known', () => {
  expect(refusalHint(recorded('22.05.8', 'refused-plugin.stderr') ?? '')).toBe(
    'the job is over a limit of your account or QOS: see `sacctmgr show qos` and `sshare -U`, or ask for less',
  );
});
