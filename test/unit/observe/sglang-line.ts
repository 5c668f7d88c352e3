import type { EngineLine } from '../../../src/engines/dialect.ts';
import { LogScanner } from '../../../src/observe/log-scanner.ts';

/** What a line of a worker's log says; undefined for most. */
export function sglangLine(line: string): EngineLine | undefined {
  let said: EngineLine | undefined;
  const scanner = new LogScanner({ engine: (one) => (said ??= one), signature: () => {} });
  scanner.push(Buffer.from(line));
  scanner.end();
  return said;
}
