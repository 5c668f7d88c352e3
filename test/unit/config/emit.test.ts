import { expect, test } from 'vitest';
import { emit } from '../../../src/config/yaml/emit.ts';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import type { ConfigValue } from '../../../src/config/yaml/tree.ts';
import { list, MapBuilder, same, scalar } from '../../../src/import/tree.ts';

const range = { file: 'f', line: 1, column: 1, length: 1 };
const place = { range, path: [] };

/** Texts that a reader of YAML could take for something else. */
const TEXTS =
  `a|yes|no|8|08|1e5|0x10|- a|a: b|a:b|a #b|a#b|#x||  x|x |{a}|[b|a, b|"q"|it's|'x"|*a|&a|!t|%d|@x|\`|>|?|? a|-|--|---|...|=|<<|null|~|True|1:30|04:00:00|2024-01-01|$X|\${X}|/a/b:c|http://x:80/|a\\b|é|C:|a:|k=v; x|1_000|0o17|.5|+1|1.2.3|v1|.inf|-1|x{y}z|x[0]|on`
    .split('|')
    .concat(['x\ny', 'x\ny\n', 'x\n\ny\n', '\tx', 'x\n  y', '\u2028', '|', '\u0085', 'a\u0000'.slice(0, 1)]);

test.each(TEXTS)('%j is read back as the text that it is, alone, in lists and as a key', (text) => {
  const map = new MapBuilder(place)
    .set('alone', scalar(text, range))
    .set('list', list([scalar(text, range), scalar(1, range)], range))
    .set(
      'deep',
      new MapBuilder(place)
        .set(
          'a',
          new MapBuilder(place).set('b', new MapBuilder(place).set('c', scalar(text, range)).build()).build(),
        )
        .build(),
    )
    .build();
  const read = parseYaml('f', emit(map));
  expect(read.diagnostics).toEqual([]);
  expect(same(read.root, map)).toBe(true);
});

test('trees of all kinds are read back', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  const keys = TEXTS.filter((text) => text !== '' && text !== '<<' && !/[\n\u2028\u0085]/.test(text));
  const value = (depth: number): ConfigValue => {
    const kind = random(depth > 3 ? 4 : 6);
    if (kind < 3) return scalar(TEXTS[random(TEXTS.length)] ?? '', range);
    if (kind === 3) return scalar([1, 0.9, true, false, null, -3, 1e-7][random(7)] ?? null, range);
    if (kind === 4)
      return list(
        Array.from({ length: random(4) }, () => value(depth + 1)),
        range,
      );
    const map = new MapBuilder(place);
    for (let left = random(5); left > 0; left -= 1)
      map.set(keys[random(keys.length)] ?? 'k', value(depth + 1));
    return map.build();
  };
  for (let count = 0; count < 500; count += 1) {
    const map = new MapBuilder(place).set('k0', value(0)).set('k1', value(0)).build();
    const text = emit(map);
    const read = parseYaml('f', text);
    expect([text, read.diagnostics, same(read.root, map)]).toEqual([text, [], true]);
  }
});

test('numbers stay as they are written', () => {
  const map = new MapBuilder(place)
    .set('a', scalar(0.9, range, '0.90'))
    .set('b', scalar(1e-5, range, '1e-5'))
    .build();
  expect(emit(map)).toBe('a: 0.90\nb: 1e-5\n');
});
