import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../world.ts';
import { nodeBin } from './node.ts';

function ip(question: string, path = '') {
  const env = { DYN_SLURM_NODE_ADDR: '127.5.0.2', PATH: `${nodeBin}:${path}${process.env.PATH}` };
  const { status, stdout, stderr } = spawnSync('ip', question.split(' '), { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const address = (name: string) =>
  `2: ${name}    inet 127.5.0.2/8 brd 127.255.255.255 scope global ${name}\\       valid_lft forever preferred_lft forever\n`;

test.each([
  ['-4 -o addr show dev ib0 scope global', address('ib0')],
  ['-4 -o addr show dev eth0', address('eth0')],
  ['-4 -o addr show scope global', address('eth0')],
  ['-o -4 address show scope global', address('eth0')],
  ['-4 route show default', 'default via 127.0.0.1 dev eth0 \n'],
  [
    '-4 route get 10.0.0.7',
    `10.0.0.7 via 127.0.0.1 dev eth0 src 127.5.0.2 uid ${process.getuid?.()} \n    cache \n`,
  ],
])('ip %s', (question, answer) => {
  expect(ip(question)).toEqual({ status: 0, stdout: answer, stderr: '' });
});

test("other questions go to the machine's ip", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'ip'), '#!/bin/sh\necho "asked: $*"\nexit 3\n');
  chmodSync(join(folder, 'ip'), 0o755);
  for (const question of ['-6 addr show dev eth0', 'link show lo', '-4 -o addr show dev lo']) {
    expect(ip(question, `${folder}:`)).toEqual({ status: 3, stdout: `asked: ${question}\n`, stderr: '' });
  }
});
