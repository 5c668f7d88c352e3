import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { sentProgram, shellLoop } from '../../../../src/host/ssh/program.ts';
import { temporaryFolder } from '../../../world.ts';

const SENTINEL = '0123456789abcdef';

/** What a shell on a login node prints for all that reaches it. */
function heard(input: Buffer, home: string): string {
  const loop = Buffer.from(shellLoop(SENTINEL, []));
  const { stdout } = spawnSync('bash', ['--norc', '-p'], {
    input: Buffer.concat([loop, input]),
    env: { PATH: process.env.PATH, HOME: home },
  });
  return stdout.toString();
}

const SMALL = 'echo ünï; touch ran';
const LARGE = `# ${'ü'.repeat(5000)}\necho ünï; touch ran`;

test.each([
  ['small', SMALL],
  ['large', LARGE],
])('a %s program is run once all of it has come', (_, program) => {
  const home = temporaryFolder();
  const sent = Buffer.from(sentProgram(program, SENTINEL));
  expect(heard(Buffer.concat([sent, sent]), home)).toMatch(
    /(ünï\n\n0123456789abcdef e\n\n0123456789abcdef =0\n){2}$/,
  );
  expect(existsSync(join(home, 'ran'))).toBe(true);
});

test.each([
  ['small', SMALL],
  ['large', LARGE],
])('a %s program that is cut off is not run', (_, program) => {
  const sent = Buffer.from(sentProgram(program, SENTINEL));
  for (const missing of [1, 5, 10, 17, 19]) {
    const home = temporaryFolder();
    expect(heard(sent.subarray(0, sent.length - missing), home)).not.toContain('ünï');
    expect(existsSync(join(home, 'ran'))).toBe(false);
  }
});

test('a program that is killed leaves its mark, and the next one runs', () => {
  const both = ['kill -KILL 0', 'echo next'].map((program) => sentProgram(program, SENTINEL)).join('');
  expect(heard(Buffer.from(both), temporaryFolder())).toMatch(
    /\n0123456789abcdef \.\nnext\n\n0123456789abcdef e\n\n0123456789abcdef =0\n$/,
  );
});
