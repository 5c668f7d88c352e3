import { join } from 'node:path/posix';
import type { Host } from '../../host/host.ts';
import { pause } from '../../host/pause.ts';
import { loadBetween } from './load.ts';
import { RecordedScrapes } from './recorded.ts';
import type { Report } from './report.ts';
import { loadEvent } from './web-source.ts';

interface RecordedWatch {
  readonly host: Host;
  readonly attemptDir: string;
}

/** Milliseconds between looks, and before the first. */
const EVERY = 5000;
const FIRST = 1000;
/** Milliseconds without a new sample, after which there is no use in the old ones. */
const STALE = 60_000;
/** Milliseconds that latencies are about. */
const LATENCIES = 30_000;
/** Bytes at a file's end, enough for the last scrapes of a hundred workers. */
const TAIL = 4 * 1024 * 1024;

/** The load as the job records it in `logs/metrics.NODE.prom`, as long as it is needed. */
export async function watchRecorded(
  watch: RecordedWatch,
  needed: () => boolean,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  let last = 0;
  let seen = performance.now();
  while (await pause(last === 0 ? FIRST : EVERY, signal)) {
    if (!needed()) continue;
    // A look that is still being written is left for later.
    const scrapes = new RecordedScrapes().push(await tailOf(watch));
    const [before, after] = scrapes.slice(-2);
    if (before === undefined || after === undefined || after.time === last) {
      if (last > 0 && performance.now() - seen > STALE)
        report.source('frontends', 'missing', 'recorded', 'the job has recorded nothing for one minute');
      continue;
    }
    last = after.time;
    seen = performance.now();
    if (!needed()) continue;
    const first = scrapes.find(({ time }) => time >= after.time - LATENCIES) ?? before;
    const { ttft, itl } = loadBetween(first, after);
    const { ttft: _, itl: __, ...load } = loadBetween(before, after);
    report.source(
      'frontends',
      'up',
      'recorded',
      'not reachable from here; the load shown is what the job records',
    );
    if (load.workers.size > 0) report.source('workers', 'up', 'recorded');
    report.tell(
      loadEvent(
        { ...load, ...(ttft && { ttft }), ...(itl && { itl }) },
        'recorded',
        (after.time - first.time) / 1000,
      ),
    );
  }
}

/** Whole lines. */
async function tailOf({ host, attemptDir }: RecordedWatch): Promise<string> {
  const folder = join(attemptDir, 'logs');
  const name = (await host.list(folder)).find((one) => /^metrics\..+\.prom$/.test(one));
  if (name === undefined) return '';
  const path = join(folder, name);
  const size = (await host.read(path, 0, 0))?.size ?? 0;
  const part = await host.read(path, Math.max(0, size - TAIL), TAIL);
  const text = Buffer.from(part?.bytes ?? []).toString('utf8');
  const from = size > TAIL ? text.indexOf('\n') + 1 : 0;
  return text.slice(from, text.lastIndexOf('\n') + 1);
}
