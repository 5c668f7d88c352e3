import { expect, test } from 'vitest';
import { table } from '../../../src/cli/table.ts';

test('aligns text to the left and numbers to the right', () => {
  const text = table(
    ['node', 'port', 'step'],
    [
      ['0', '2379', 'etcd'],
      ['1-11', '29500-29506', 'prefill-0'],
    ],
  );
  expect(text).toBe(`node         port  step
   0         2379  etcd
1-11  29500-29506  prefill-0
`);
});
