import { expect, test } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { BENCH_TYPES } from '../../../src/config/schema/bench.ts';
import { testWorld } from '../../world.ts';

async function help(...args: readonly string[]): Promise<string> {
  const world = testWorld();
  expect(await run([...args, '--help'], '1.2.3', world)).toBe(0);
  expect(world.stderr()).toBe('');
  return world.stdout();
}

const COMMANDS = [
  ...['check', 'import', 'explain', 'topologies', 'schema', 'trust', 'plan', 'render'],
  ...[
    'rehearse',
    'serve',
    'submit',
    'setup',
    'status',
    'nodes',
    'watch',
    'logs',
    'profile',
    'forward',
    'cancel',
    'remove',
  ],
  ...['report', 'compare', 'export'],
  ...[
    'allocate',
    'attach',
    'workers',
    'restart',
    'start',
    'stop',
    'exec',
    'shell',
    'bench',
    'drain',
    'release',
  ],
];

test('the help names the commands in the order of their use, with examples', async () => {
  await expect(await help()).toMatchFileSnapshot('help.txt');
});

test.each(COMMANDS)('the help of %s has examples of it', async (command) => {
  const [, examples = ''] = (await help(command)).split('\nExamples:\n');
  expect(examples.split('\n').filter(Boolean).length).toBeGreaterThan(0);
  for (const line of examples.split('\n').filter(Boolean)) {
    expect(line).toMatch(new RegExp(`^  (dyn-slurm ${command}\\b|# .)`));
  }
});

test('all commands are in the help', async () => {
  const listed = [...(await help()).matchAll(/^ {2}([a-z]+) .*/gm)].map((match) => match[1]);
  expect(listed.filter((name) => name !== 'help' && name !== 'dyn')).toEqual(COMMANDS);
});

test('examples use options that there are', async () => {
  for (const command of COMMANDS) {
    const [usage = '', examples = ''] = (await help(command)).split('\nExamples:\n');
    const used = [...examples.matchAll(/(?<= )--?[a-z][a-z-]*/g)].map((match) => match[0]);
    expect(used.filter((option) => !usage.includes(option))).toEqual([]);
  }
});

test('the help of bench names every type of benchmark but a command, which follows --', async () => {
  const [said = ''] = /--type <tool>.*?(?=\n {2}--isl)/s.exec(await help('bench')) ?? [];
  const words = new Set(said.match(/[a-z]+/g));
  expect(BENCH_TYPES.filter((type) => !words.has(type))).toEqual(['custom']);
});

test('prints its version', async () => {
  const world = testWorld();
  expect(await run(['-V', 'plan'], '1.2.3', world)).toBe(0);
  expect(world.stdout()).toBe('1.2.3\n');
});

test.each([
  [['bogus', '--help'], 'bogus'],
  [['bogus', '-h', 'x'], 'bogus'],
  [['help', 'bogus'], 'bogus'],
])('an unknown command is one with --help, too: %j', async (argv, word) => {
  const world = testWorld();
  expect(await run(argv, '1.2.3', world)).toBe(2);
  expect(world.stdout()).toBe('');
  expect(world.stderr()).toBe(`error: unknown command '${word}'\n(Did you mean logs?)\n`);
});
