import { join } from 'node:path';
import { writeConfig } from './config.ts';
import { leftAfter, memoryInUse } from './machine.ts';
import { role } from './parts.ts';
import { awaitEvent, type Product } from './product.ts';
import type { Settings } from './settings.ts';
import { type Start, startOf } from './start.ts';

/** Starts the same config twice, and compares. */
export async function trySecondStart(
  product: Product,
  settings: Settings,
): Promise<{
  readonly starts: readonly Start[];
  readonly ratio?: number;
  readonly problems: readonly string[];
}> {
  const config = writeConfig('start', { aggregated: role(settings) }, settings);
  const starts: Start[] = [];
  try {
    for (const time of ['first', 'second']) {
      const before = memoryInUse(settings);
      const run = await product.submit(config);
      const printed = `printed/start.${time}.jsonl`;
      const watch = product.background(['watch', run.id, '--json'], printed);
      const first = await awaitEvent(run, ['ready', 'verdict'], settings.patience).finally(async () => {
        await product.call(['cancel', run.id]);
        await watch.stop();
      });
      await leftAfter(run.dir, before, settings);
      if (first.kind !== 'ready') throw new Error(`the ${time} start failed: ${JSON.stringify(first)}`);
      starts.push(startOf(run, join(settings.work, printed)));
    }
  } catch (error) {
    return { starts, problems: [error instanceof Error ? error.message : String(error)] };
  }
  const [cold, warm] = starts.map(({ ready }) => ready ?? Number.NaN);
  const ratio = Math.round(((warm ?? Number.NaN) / (cold ?? Number.NaN)) * 100) / 100;
  return { starts, ratio, problems: ratio <= 0.5 ? [] : [`the second start took ${ratio} of the first`] };
}
