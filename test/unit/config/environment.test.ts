import { expect, test } from 'vitest';
import { report, resolve, VALID } from './report.ts';

const withEnv = (line: string) => VALID.replace('nodes: 4}', `nodes: 4, env: {${line}}}`);
const messages = (line: string) =>
  resolve(withEnv(line)).diagnostics.map(({ path, message }) => `${path}: ${message}`);

test.each([
  ['A: x', 'x'],
  ['A: 1', 1],
  ['A: 1.50', '1.50'],
  ['A: 0x10', '0x10'],
  ['A: true', true],
  ['A: True', 'True'],
  ['A: ""', ''],
  ['A: "a b\\tc;$(d)"', 'a b\tc;$(d)'],
  ['A: {from_env: HF_TOKEN}', { from_env: 'HF_TOKEN' }],
  ['A: {from_file: /run/secrets/t}', { from_file: '/run/secrets/t' }],
])('%s reaches the job as %j', (line, value) => {
  expect(resolve(withEnv(line)).job?.aggregated?.env).toEqual({ A: value });
});

test.each(['LD_PRELOAD', 'LD_AUDIT', 'BASH_ENV', 'ENV', 'PROMPT_COMMAND', 'PS4', 'IFS'])(
  '%s is refused',
  (name) => {
    expect(messages(`${name}: x`)).toEqual([
      `aggregated.env.${name}: changes how every program starts, so it is not allowed`,
    ]);
  },
);

test.each([
  ['A=B: x', 'aggregated.env["A=B"]'],
  ['1A: x', 'aggregated.env.1A'],
  ['"A B": x', 'aggregated.env["A B"]'],
  ['"A\\nB": x', 'aggregated.env["A\\nB"]'],
  ['-A: x', 'aggregated.env.-A'],
])('%s is no name', (line, path) => {
  expect(messages(line)).toEqual([`${path}: is not a valid variable name: use letters, digits and "_"`]);
});

test.each([
  'HF_TOKEN: hf_abc',
  'HF_TOKEN: 12345',
  'OPENAI_API_KEY: x',
  'DB_PASSWORD: x',
  'AWS_SECRET_ACCESS_KEY: x',
  'hf_token: x',
  'INNOCENT: hf_abcdefghijklmnopqrstuvwxyz',
  'INNOCENT: sk-abcdefghijklmnopqrstuvwxyz',
])('%s is a secret', (line) => {
  const name = line.slice(0, line.indexOf(':'));
  expect(messages(line)).toEqual([
    `aggregated.env.${name}: looks like a secret, which a config must not contain; write {from_env: ${name}} or {from_file: PATH}`,
  ]);
});

test.each(['HF_TOKEN: ""', 'MAX_TOKENS: 100', 'TOKENIZERS_PARALLELISM: false', 'KEYBOARD: x'])(
  '%s is none',
  (line) => {
    expect(messages(line)).toEqual([]);
  },
);

test('the frame hides a secret', () => {
  expect(report(withEnv('HF_TOKEN: hf_abc'))).toBe(
    `c.yaml:5:52  aggregated.env.HF_TOKEN: looks like a secret, which a config must not contain; write {from_env: HF_TOKEN} or {from_file: PATH}
  5 | aggregated: {workers: 4, nodes: 4, env: {HF_TOKEN: ••••••••}}
    |                                                    ^^^^^^^^`,
  );
});

test('an argument is no place for a secret either', () => {
  const text = VALID.replace('nodes: 4}', 'nodes: 4, args: {chat-key: hf_abcdefghijklmnopqrstuvwxyz}}');
  expect(report(text)).not.toContain('abcdef');
  expect(resolve(text).diagnostics.map(({ message }) => message)).toEqual([
    'looks like a secret; every user of a node can read the arguments of its processes',
  ]);
});

test('a reference that is none', () => {
  expect(messages('A: {from_vault: x}')).toEqual([
    'aggregated.env.A: must be text, a number, true, false, {from_env: NAME} or {from_file: PATH}',
  ]);
});
