import { LogScanner, type SglangLine } from '../../../src/observe/log-scanner.ts';

/** What a line of a worker's log says; undefined for most. */
export function sglangLine(line: string): SglangLine | undefined {
  let said: SglangLine | undefined;
  const scanner = new LogScanner({ sglang: (one) => (said ??= one), signature: () => {} });
  scanner.push(Buffer.from(line));
  scanner.end();
  return said;
}
