import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../world.ts';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());

const SOURCE = `. ${join(packageRoot, 'templates/setup.sh')}`;

/** A step whose setup is this script: its exit code, the record of its end, and its log without times. */
async function step(script: string, lines: string, name = 'decode-0') {
  const file = join(run.dir, 'steps/setup');
  mkdirSync(dirname(file), { recursive: true });
  // Not while another step of the test reads it.
  if (!existsSync(file) || readFileSync(file, 'utf8') !== script) writeFileSync(file, script);
  const { code } = await run.task(name, `${SOURCE}\n${lines}`);
  const exit = join(run.dir, `state/${name}.0.exit`);
  const [, ...record] = existsSync(exit) ? readFileSync(exit, 'utf8').split('\n').slice(0, -1) : [];
  return { code, record, log: logOf(name) };
}

const logOf = (name: string): readonly string[] =>
  readFileSync(join(run.dir, `logs/${name}.node1.log`), 'utf8')
    .replaceAll(/\d{4}-\d\d-\d\dT\S+/g, 'TIME')
    .replaceAll(/after \d+ s/g, 'after N s')
    .split('\n')
    .slice(0, -1);

test('it runs before the command, with its environment', async () => {
  expect(
    await step(
      'echo "$FLAVOR"',
      'ENVIRONMENT=(FLAVOR=sweet)\nset_up shared 60 setup\nrun sh -c "echo serves; exit 3"',
    ),
  ).toEqual({
    code: 3,
    record: ['3', '0', 'node1', 'serves', '0'],
    log: [
      'dyn-slurm: TIME setup begins: setup, for at most 60 s',
      'sweet',
      'dyn-slurm: TIME setup ends: setup, after N s',
      'serves',
    ],
  });
});

test('the program in its first line runs it', async () => {
  const { log } = await step('#! /bin/cat\n2\n', 'set_up apart 60 setup\nexit 0');
  expect(log.slice(1, -1)).toEqual(['#! /bin/cat', '2']);
});

test('one that fails is the cause, with the line that says why', async () => {
  const script = 'echo "Looking in indexes"\necho "ERROR: No matching distribution found for foo"\nexit 7\n';
  expect(await step(script, 'set_up shared 60 setup\nrun echo never')).toMatchObject({
    code: 1,
    record: [
      '7',
      '0',
      'node1',
      'setup setup failed with exit code 7: ERROR: No matching distribution found for foo',
      '6',
    ],
  });
});

test('one that takes too long is killed, and so is what it has started', async () => {
  const { code, record } = await step(
    'sleep 600 & echo $! >"$RUN_DIR/child"; wait',
    'set_up shared 1 setup\nrun echo never',
  );
  expect({ code, record }).toEqual({
    code: 1,
    record: ['124', '0', 'node1', 'setup setup was not done after its deadline of 1 s, and was killed', '6'],
  });
  const child = `/proc/${readFileSync(join(run.dir, 'child'), 'utf8').trim()}/stat`;
  // Nobody may have asked how it ended.
  expect(existsSync(child) ? readFileSync(child, 'utf8') : ') Z').toMatch(/\) Z/);
});

test('what it has said is no cause of what comes after it', async () => {
  const { record } = await step(
    'echo "ERROR: a warning of pip"',
    'set_up shared 60 setup\nrun sh -c "echo bye; exit 1"',
  );
  expect(record).toEqual(['1', '0', 'node1', 'bye', '0']);
});

test('a task that is told to end ends its setup, and is no cause', async () => {
  const lines =
    '{ until grep -qx up "$LOG"; do sleep 0.02; done; kill -USR2 $$; } &\nset_up shared 60 setup\nrun echo never';
  const { code, record, log } = await step('trap "echo told; exit 0" TERM\necho up\nsleep 60 & wait', lines);
  expect({ code, record }).toEqual({ code: 1, record: ['143', '1', 'node1', '', '6'] });
  expect(log.slice(1)).toEqual(['up', 'told']);
});

test('steps of a node run it one after the other, and with `once: node` only the first does', async () => {
  const script =
    'echo "$STEP_NAME in" >>"$RUN_DIR/order"; sleep 0.3; echo "$STEP_NAME out" >>"$RUN_DIR/order"';
  const both = (mode: string) =>
    Promise.all(
      ['decode-0', 'decode-1'].map((name) =>
        step(script, `ENVIRONMENT=(STEP_NAME=${name})\nset_up ${mode} 60 setup\nexit 0`, name),
      ),
    );
  const order = () =>
    readFileSync(join(run.dir, 'order'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[1]);
  await both('shared');
  expect(order()).toEqual(['in', 'out', 'in', 'out']);
  run.file('order', '');
  await both('node');
  expect(order()).toEqual(['in', 'out']);
  expect([...logOf('decode-0'), ...logOf('decode-1')]).toContain(
    'dyn-slurm: TIME setup ends: setup, which another step has run on this node',
  );
});

test('of the tasks of a program of MPI on a node, the first runs it', async () => {
  const { log } = await step(
    'echo once',
    '(SLURM_LOCALID=1; set_up shared 60 setup; echo second) &\nSLURM_LOCALID=0; set_up shared 60 setup\nwait\nexit 0',
  );
  expect(log.filter((line) => line === 'once')).toEqual(['once']);
  expect(log).toContain('second');
});

test('a rehearsal leaves it out unless it is asked for', async () => {
  const lines = 'set_up shared 60 setup\nexit 0';
  expect((await step('echo ran', `DYN_SLURM_REHEARSAL=1\n${lines}`)).log).toEqual([
    'dyn-slurm: TIME setup setup is left out, because a rehearsal must not change this machine',
  ]);
  expect(
    (await step('echo ran', `DYN_SLURM_REHEARSAL=1 DYN_SLURM_REHEARSAL_SETUP=1\n${lines}`, 'decode-1')).log,
  ).toContain('ran');
});
