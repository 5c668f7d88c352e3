import { expect, test } from 'vitest';
import { overlayText, readSetting, withoutUndone } from '../../../src/config/yaml/setting.ts';

test.each([
  ['mem-fraction-static=0.9', 'mem-fraction-static', '0.9'],
  ['enable-dp-attention', 'enable-dp-attention', 'true'],
  ['disable-x=false', 'disable-x', 'false'],
  ['page-size=null', 'page-size', 'null'],
  ['cuda-graph-bs=[1, 2]', 'cuda-graph-bs', '[1, 2]'],
  ['override={"a": {"b": 1}}', 'override', '{"a": {"b": 1}}'],
  ['name=', 'name', '""'],
  ['name=a=b', 'name', 'a=b'],
  ['name=key: value', 'name', '"key: value"'],
  ['name=a # b', 'name', '"a # b"'],
  ['name=[1, 2', 'name', '"[1, 2"'],
  ['name=*x', 'name', '"*x"'],
  ['name=!tag', 'name', '"!tag"'],
  ['name=1\nother: 2', 'name', '"1\\nother: 2"'],
  ['name=-x', 'name', '-x'],
])('%j', (text, name, value) => {
  expect(readSetting(text)).toEqual({ name, value });
});

test('later settings are laid over earlier ones', () => {
  expect(
    withoutUndone(
      { args: { page_size: '16', 'mem-fraction-static': '0.8' }, env: { A: 'x' } },
      { args: { 'page-size': '1' }, env: { a: 'y' } },
      undefined,
    ),
  ).toEqual({ args: { 'mem-fraction-static': '0.8', 'page-size': '1' }, env: { A: 'x', a: 'y' } });
});

test('null undoes an earlier setting, removes what the config has, and is kept where it does neither', () => {
  expect(
    withoutUndone(
      { args: { 'page-size': '16', 'mem-fraction-static': '0.8' }, env: { A: 'x', B: 'y' } },
      { args: { page_size: 'null', 'mem-fraction-static': 'null', other: 'null' }, env: { A: 'null' } },
      { args: { 'mem-fraction-static': 0.7 }, env: {} },
    ),
  ).toEqual({ args: { 'mem-fraction-static': 'null', other: 'null' }, env: { B: 'y' } });
});

test('the text of an overlay', () => {
  expect(overlayText('decode', { args: { 'page-size': '16', 'a b': 'null' }, env: { A: 'x' } })).toBe(
    'decode:\n  args:\n    page-size: 16\n    "a b": null\n  env:\n    A: x\n',
  );
  expect(overlayText('decode', { args: {}, env: {} })).toBe('{}\n');
});
