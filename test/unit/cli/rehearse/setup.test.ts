import { join } from 'node:path';
import { expect, test } from 'vitest';
import { setup } from '../../../../src/cli/commands/rehearse/setup.ts';
import { EXIT } from '../../../../src/errors.ts';
import { testWorld } from '../../../world.ts';
import { Machine } from '../../rehearsal/tools/machine.ts';

function worldOf(machine: Machine) {
  const env = { PATH: `${machine.bin}:/usr/bin:/bin`, XDG_CACHE_HOME: join(machine.folder, 'cache') };
  return testWorld({ env });
}

/** Without clock and elapsed times. */
const steady = (text: string) => text.replace(/^\d\d:\d\d:\d\d {2}/gm, '').replace(/\d+\.\d s$/gm, 'N s');

test('shows each step, then where the tools are; the next time only that', async () => {
  const machine = new Machine();
  const world = worldOf(machine);
  expect(await setup({}, world)).toBe(EXIT.ok);
  const lines = steady(world.stdout()).split('\n');
  expect(lines.slice(0, 4)).toEqual([
    'Python: …',
    'Python: python3 3.11.7, N s',
    'Dynamo: …',
    'etcd, NATS, nginx: …',
  ]);
  expect(lines.slice(4, 6).sort()).toEqual([
    'Dynamo: ai-dynamo 1.6.1 and 10 packages, N s',
    'etcd, NATS, nginx: etcd 3.5.1, nats-server 2.15.1, nginx 1.31.3, N s',
  ]);
  expect(lines.slice(6)).toEqual([
    'check: …',
    'check: dynamo.frontend and dynamo.mocker load, N s',
    `the tools of rehearsals are installed: ${machine.place.folder}`,
    '',
  ]);
  const again = worldOf(machine);
  expect(await setup({}, again)).toBe(EXIT.ok);
  expect(again.stdout()).toBe(`the tools of rehearsals are already installed: ${machine.place.folder}\n`);
  expect(again.stderr()).toBe('');
});

test('--json prints only the outcome, on standard output', async () => {
  const machine = new Machine();
  const world = worldOf(machine);
  await setup({ json: true, withTests: true }, world);
  const { folder } = machine.place;
  const outcome = { folder, bin: `${folder}/bin`, python: `${folder}/venv/bin/python`, installed: true };
  expect(JSON.parse(world.stdout())).toEqual(outcome);
  expect(steady(world.stderr())).toContain('shellcheck: shellcheck 0.11.0, N s\n');
});

test('a failure is shown at its step and thrown', async () => {
  const machine = new Machine();
  machine.failOn('ai-dynamo', 'ERROR: No matching distribution found for ai-dynamo==1.6.1');
  const world = worldOf(machine);
  await expect(setup({}, world)).rejects.toMatchObject({ code: 'preflight' });
  expect(steady(world.stdout())).toContain('Dynamo failed: pip could not install Dynamo, N s\n');
});
