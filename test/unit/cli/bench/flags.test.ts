import { expect, test } from 'vitest';
import { benchOverlay } from '../../../../src/cli/commands/bench/flags.ts';

test('without options there is nothing to lay over a config', () => {
  expect(benchOverlay({}, [])).toBeUndefined();
});

test('options are keys of bench', () => {
  const flags = {
    type: 'sglang',
    isl: '1024',
    osl: '128',
    concurrency: '16x64',
    requests: '100',
    rate: '2.5',
    limit: '10m',
    arg: ['disable-stream', 'seed=3', 'lora_name=null'],
  };
  expect(benchOverlay(flags, [])).toBe(`\
bench:
  command: null
  type: "sglang"
  isl: 1024
  osl: 128
  concurrencies: "16x64"
  requests: 100
  request_rate: 2.5
  point_time_limit: "10m"
  args:
    "disable-stream": true
    "seed": 3
    "lora_name": null
`);
});

test("what is no number is left for the config's own words", () => {
  expect(benchOverlay({ rate: 'inf', isl: 'many', warmup: '' }, [])).toBe(`\
bench:
  isl: "many"
  request_rate: "inf"
  warmup_per_concurrency: ""
`);
});

test('the built-in client has no use for what a tool is told', () => {
  expect(benchOverlay({ type: 'builtin' }, [])).toBe(`\
bench:
  command: null
  accuracy: null
  program: null
  args: null
  dataset: null
  dataset_path: null
  tokenizer: null
  type: "builtin"
`);
});

test.each([
  [['a "b" | c'], 'a "b" | c'],
  [['./load.sh', '--n', 'two words'], "./load.sh --n 'two words'"],
])('%j is a command', (words, command) => {
  expect(benchOverlay({}, words)).toBe(`\
bench:
  type: "custom"
  command: ${JSON.stringify(command)}
  program: null
  args: null
  dataset: null
  dataset_path: null
  tokenizer: null
  isl: null
  osl: null
  concurrencies: null
  accuracy: null
`);
});

test('a command and options of a tool are one too many', () => {
  expect(() => benchOverlay({ isl: '3' }, ['true'])).toThrow('not both');
});
