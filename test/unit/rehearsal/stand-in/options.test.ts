import { expect, test } from 'vitest';
import { directiveWords, readOptions } from '../../../../src/rehearsal/slurm/options.ts';
import { directiveLine } from '../../../../src/render/directive-line.ts';

test.each([
  ['--parsable --chdir=/run job.sbatch', { parsable: '', chdir: '/run' }, ['job.sbatch']],
  ['--nodes=1 --nodes=2', { nodes: '2' }, []],
  ['--export=A=1,B', { export: 'A=1,B' }, []],
  ['--overlap bash -c --nodes=2 -p', { overlap: '' }, ['bash', '-c', '--nodes=2', '-p']],
  ['--pty -- --help', { pty: '' }, ['--help']],
  // Nobody here knows these, and a cluster's plugins may.
  [
    '--container-image=x.sqsh --no-container-mount-home -q true',
    {
      'container-image': 'x.sqsh',
      'no-container-mount-home': '',
      q: '',
    },
    ['true'],
  ],
])('%s', (words, options, operands) => {
  const read = readOptions(words.split(' '));
  expect({ ...read, options: Object.fromEntries(read.options) }).toEqual({ options, operands });
});

test.each([
  ['#SBATCH --nodes=2 --time=1', ['--nodes=2', '--time=1']],
  ['#SBATCH --comment="a b" # why', ['--comment=a b']],
  ["#SBATCH --comment='a#b'", ['--comment=a#b']],
  ['#SBATCH --comment=nvcr.io#nvidia/x:1', ['--comment=nvcr.io']],
  ['#SBATCH --comment=nvcr.io\\#nvidia', ['--comment=nvcr.io#nvidia']],
  ['#SBATCH --comment=""', ['--comment=']],
  ['  #SBATCH --nodes=2', []],
  ['##SBATCH --nodes=2', []],
  ['echo\n#SBATCH --nodes=2', []],
  ['\n# a comment\n  # another\n#SBATCH --nodes=2', ['--nodes=2']],
  ['#SBATCH --nodes=2\n#SBATCH --nodes=3', ['--nodes=2', '--nodes=3']],
])('%j', (lines, words) => {
  expect(directiveWords(`#!/bin/bash\n${lines}\n`)).toEqual(words);
});

test.each(['a b', 'it\'s "so"', 'back\\slash', '#1', '$HOME', "'"])(
  '%s comes back as it was written',
  (text) => {
    const option = `--comment=${text}`;
    expect(directiveWords(`#!/bin/bash\n#SBATCH ${directiveLine(option)}\n`)).toEqual([option]);
  },
);
