import { expect, test } from 'vitest';
import { checkScript, directiveWords } from '../../../../src/rehearsal/slurm/directives.ts';

test.each([
  ['#SBATCH -N 2 --time=1', ['-N', '2', '--time=1']],
  ['#SBATCH --comment="a b" # why', ['--comment=a b']],
  ["#SBATCH --comment='a#b'", ['--comment=a#b']],
  ['#SBATCH --comment=nvcr.io#nvidia/x:1', ['--comment=nvcr.io']],
  ['#SBATCH --comment=nvcr.io\\#nvidia', ['--comment=nvcr.io#nvidia']],
  ['#SBATCH -o $HOME/x', ['-o', '$HOME/x']],
  ['#SBATCH --comment=""', ['--comment=']],
  ['  #SBATCH -N 2', []],
  ['##SBATCH -N 2', []],
  ['# SBATCH -N 2', []],
  ['echo\n#SBATCH -N 2', []],
  ['\n# a comment\n  # another\n#SBATCH -N 2', ['-N', '2']],
  ['#SBATCH -N 2\n#SBATCH -N 3', ['-N', '2', '-N', '3']],
  ['#SBATCH\t-N2', ['-N2']],
])('%j', (lines, words) => {
  expect(directiveWords(`#!/bin/bash\n${lines}\n`)).toEqual(words);
});

test('a quote must end on its line', () => {
  expect(() => directiveWords('#!/bin/bash\n#SBATCH --comment="a\n')).toThrow(
    'error: line 2: Unmatched `"` in',
  );
});

test.each([
  ['', 'error: Batch script is empty!'],
  [' \n', 'error: Batch script contains only whitespace!'],
  ['sleep 1\n', 'error: This does not look like a batch script.'],
  ['#!/bin/bash\r\n', 'error: Batch script contains DOS line breaks (\\r\\n)'],
  ['#!/bin/bash\n\0', 'contain a NULL character'],
])('%j is no script', (text, message) => {
  expect(() => checkScript(text)).toThrow(message);
});
