import { expect, test } from 'vitest';
import { jobComment, runsOfComment } from '../../../src/scheduler/job-comment.ts';

const RUN = 'r1-0a1b2c';

test.each([
  [undefined, 'dyn-slurm:r1-0a1b2c'],
  ['nightly', 'nightly dyn-slurm:r1-0a1b2c'],
  ['{}', '{"dyn-slurm":"dyn-slurm:r1-0a1b2c"}'],
  ['{"a":{"b":"90"}}', '{"a":{"b":"90"},"dyn-slurm":"dyn-slurm:r1-0a1b2c"}'],
  ['{ "a": 1 }', '{ "a": 1,"dyn-slurm":"dyn-slurm:r1-0a1b2c"}'],
  ['{"dyn-slurm":1}', '{"dyn-slurm":1,"dyn-slurm-run":"dyn-slurm:r1-0a1b2c"}'],
  ['[1, "b"]', '[1, "b","dyn-slurm:r1-0a1b2c"]'],
  ['[]', '["dyn-slurm:r1-0a1b2c"]'],
  ['"b"', '"b dyn-slurm:r1-0a1b2c"'],
  ['17', '17 dyn-slurm:r1-0a1b2c'],
  ['{"a": no JSON', '{"a": no JSON dyn-slurm:r1-0a1b2c'],
])('the comment %s with its mark', (given, comment) => {
  expect(jobComment(RUN, given)).toBe(comment);
  expect(runsOfComment(comment)).toEqual([RUN]);
});

test.each([
  ['dyn-slurm:r1-0a1b2c', ['r1-0a1b2c']],
  ['site=x;dyn-slurm:my.run_2-0a1b2c;more', ['my.run_2-0a1b2c']],
  ['Run dyn-slurm:r1-0a1b2c.', ['r1-0a1b2c']],
  ['dyn-slurm:r1-0a1b2cd', ['r1-0a1b2cd']],
  ['dyn-slurm', []],
  ['', []],
])('the marks in %s', (comment, runs) => {
  expect(runsOfComment(comment)).toEqual(runs);
});
