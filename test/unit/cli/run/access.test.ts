import { expect, test } from 'vitest';
import { accessRows, accessText } from '../../../../src/cli/runs/access.ts';
import type { Host } from '../../../../src/host/host.ts';

const READY = { url: 'http://10.0.0.1:8000', model: "o'model" };
const RUN = { id: 'r1-0a1b2c', name: 'r1', dir: '/runs/r1-0a1b2c' };
const WORLD = {
  self: { machine: 'login1', pid: 1, lives: () => true, user: 0, pidWorld: () => '' },
  env: { USER: 'ada' },
};
const CURL = `-Hcontent-type:application/json -d '{"model":"o'\\''model","messages":[{"role":"user","content":"Hello"}]}'`;

const rows = (host: Partial<Host>, cluster: string) =>
  accessText(accessRows(READY, RUN, { host: host as Host, cluster }, WORLD));

test('of a cluster that this machine reaches', () => {
  expect(rows({ name: 'here' }, 'hopper')).toBe(
    `  tunnel   ssh -NL8000:10.0.0.1:8000 ada@login1\n  try      curl http://10.0.0.1:8000/v1/chat/completions ${CURL}\n`,
  );
});

test('of one that is reached over ssh', () => {
  const dial = (async () => undefined) as unknown as NonNullable<Host['dial']>;
  expect(rows({ name: 'ada@login.example.org', dial }, 'hopper')).toBe(
    `  forward  dyn-slurm forward r1-0a1b2c\n  or       ssh -NL8000:10.0.0.1:8000 ada@login.example.org\n  try      curl http://127.0.0.1:8000/v1/chat/completions ${CURL}\n`,
  );
});

test('of the stand-in', () => {
  expect(rows({ name: 'here' }, 'local')).toBe(
    `  try      curl http://10.0.0.1:8000/v1/chat/completions ${CURL}\n`,
  );
});
