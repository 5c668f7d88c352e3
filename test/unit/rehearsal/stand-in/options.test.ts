import { expect, test } from 'vitest';
import { SALLOC, SBATCH, SRUN } from '../../../../src/rehearsal/slurm/job-options.ts';
import { optionTable, parseOptions } from '../../../../src/rehearsal/slurm/options.ts';
import { SCANCEL, SQUEUE } from '../../../../src/rehearsal/slurm/query-options.ts';

const table = optionTable(`
  nodes N:
  ntasks n:
  quiet Q
  label l
  output o:
  open-mode :
  exclusive ?
  kill-on-bad-exit K?
`);

test.each([
  ['--nodes=2 job.sh', [['nodes', '2']], ['job.sh']],
  ['--nodes 2 job.sh', [['nodes', '2']], ['job.sh']],
  ['-N2 job.sh', [['nodes', '2']], ['job.sh']],
  ['-N 2 job.sh', [['nodes', '2']], ['job.sh']],
  [
    '-QlN2 x',
    [
      ['quiet', ''],
      ['label', ''],
      ['nodes', '2'],
    ],
    ['x'],
  ],
  ['-K 1', [['kill-on-bad-exit', '']], ['1']],
  ['-K1 x', [['kill-on-bad-exit', '1']], ['x']],
  ['--kill-on-bad-exit=1 x', [['kill-on-bad-exit', '1']], ['x']],
  ['--exclusive x', [['exclusive', '']], ['x']],
  ['--exclusive=user x', [['exclusive', 'user']], ['x']],
  ['--output=a=b', [['output', 'a=b']], []],
  ['--lab x', [['label', '']], ['x']],
  ['cmd --nodes=2 -Q', [], ['cmd', '--nodes=2', '-Q']],
  ['-Q -- -N2', [['quiet', '']], ['-N2']],
  ['- x', [], ['-', 'x']],
])('%s', (words, given, operands) => {
  expect(parseOptions(words.split(' '), table)).toEqual({ given, operands });
});

test('options may follow operands where a program mixes them', () => {
  expect(parseOptions(['1', '-Q', '2'], table, { mixed: true })).toEqual({
    given: [['quiet', '']],
    operands: ['1', '2'],
  });
});

test.each([
  ['--bogus', "unrecognized option '--bogus'"],
  ['--bogus=3', "unrecognized option '--bogus=3'"],
  ['--nodes', "option '--nodes' requires an argument"],
  ['-N', "option requires an argument -- 'N'"],
  ['-z', "invalid option -- 'z'"],
  ['--quiet=1', "option '--quiet' doesn't allow an argument"],
  ['--o', "option '--o' is ambiguous; possibilities: '--output' '--open-mode'"],
])('%s is refused in the words of getopt', (word, message) => {
  expect(() => parseOptions([word], table)).toThrow(message);
});

test.each([
  ['sbatch', SBATCH],
  ['srun', SRUN],
  ['salloc', SALLOC],
  ['squeue', SQUEUE],
  ['scancel', SCANCEL],
])('%s has no name or letter twice', (_, options) => {
  const names = options.map(({ name }) => name);
  const letters = options.flatMap(({ short }) => short ?? []);
  expect(names).toEqual([...new Set(names)]);
  expect(letters).toEqual([...new Set(letters)]);
});
