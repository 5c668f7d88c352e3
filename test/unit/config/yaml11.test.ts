import { expect, test } from 'vitest';
import { readYaml11 } from '../../../src/config/yaml/yaml11.ts';

// As yaml.safe_load of PyYAML 6.0 reads them.
test.each<[string, string | number | boolean | null]>([
  ['yes', true],
  ['No', false],
  ['OFF', false],
  ['y', 'y'],
  ['True', true],
  ['012', 10],
  ['0o17', '0o17'],
  ['0x1F', 31],
  ['0b11', 3],
  ['1_000', 1000],
  ['1e5', '1e5'],
  ['1e-5', '1e-5'],
  ['1.0e5', '1.0e5'],
  ['1.0e-5', 1e-5],
  ['.5', 0.5],
  ['-.5', '-.5'],
  ['+5', 5],
  ['4:00:00', 14400],
  ['04:00:00', '04:00:00'],
  ['190:20:30.15', 685230.15],
  ['1:30', 90],
  ['2024-01-01', '2024-01-01'],
  ['~', null],
  ['', null],
  ['0.90', 0.9],
  ['1.', 1],
  ['.inf', '.inf'],
  ['09', '09'],
  ['1:60', '1:60'],
  ['12345678901234567890', '12345678901234567890'],
])('%j is %j', (written, value) => {
  expect(readYaml11(written)).toBe(value);
});
