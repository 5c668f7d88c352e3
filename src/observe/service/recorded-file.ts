import { join } from 'node:path/posix';
import type { Host } from '../../host/host.ts';
import type { Scrape } from './load.ts';
import { RecordedScrapes } from './recorded.ts';

const BLOCK = 1024 * 1024;

/** What the job has recorded of metrics, in the logs of an attempt, read in pieces; `apart` as for RecordedScrapes. */
export async function* recordedScrapes(host: Host, folder: string, apart = 0): AsyncGenerator<Scrape> {
  for (const name of (await host.list(folder)).filter((one) => /^metrics\..+\.prom$/.test(one))) {
    const reader = new RecordedScrapes(apart);
    const decoder = new TextDecoder();
    for (let at = 0; ; ) {
      const part = await host.read(join(folder, name), at, BLOCK);
      if (part === undefined || part.bytes.length === 0) break;
      at += part.bytes.length;
      yield* reader.push(decoder.decode(part.bytes, { stream: true }));
    }
    yield* reader.end();
  }
}
