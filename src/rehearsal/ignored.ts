import { join } from 'node:path/posix';
import type { Host } from '../host/host.ts';

/** What as_mocker.py or as_cpu.py in rehearsal/engine says at the head of a worker's log, where it left something out. */
const IGNORED = /^(?:rehearsal: \S+ stands in as|cpu: \S+ runs on) .* ignored: (.*)$/m;
/** Bytes; the line is among the first. */
const HEAD = 64 * 1024;

/** Arguments of a rehearsed run's workers that their stand-ins have no use for, sorted. */
export async function ignoredArguments(host: Host, runDir: string): Promise<readonly string[]> {
  const folder = join(runDir, 'logs');
  const names = (await host.list(folder)).filter((name) => name.endsWith('.log'));
  const found = await Promise.all(
    names.map(async (name) => {
      const part = await host.read(join(folder, name), 0, HEAD);
      const text = part === undefined ? '' : new TextDecoder().decode(part.bytes);
      return IGNORED.exec(text)?.[1]?.split(' ') ?? [];
    }),
  );
  return [...new Set(found.flat())].sort();
}
