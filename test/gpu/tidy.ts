import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processesOf } from '../processes.ts';
import { eventOf, type Product } from './product.ts';

/**
 * Ends what a part has left, so that the next one finds a free machine: runs without a verdict are canceled, and processes
 * that are there after that are killed.
 * @returns what had to be ended, for it should not have been there
 */
export async function tidy(product: Product): Promise<readonly string[]> {
  const found: string[] = [];
  for (const run of existsSync(product.runs) ? readdirSync(product.runs) : []) {
    const dir = join(product.runs, run);
    if (!existsSync(join(dir, 'job.json')) || eventOf({ dir }, 'verdict') !== undefined) continue;
    found.push(`${run} was still running, and was canceled`);
    await product.call(['cancel', run]).catch((error: Error) => found.push(error.message));
  }
  const left = await stillThere(product.runs);
  for (const line of left) {
    found.push(`killed: ${line.slice(0, 160)}`);
    try {
      process.kill(Number.parseInt(line, 10), 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
  return found;
}

/** Leaves nothing when it is told to end, such as by `timeout`. */
export function tidyOnSignals(product: Product): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      process.stderr.write(`${signal}: ending what runs\n`);
      void tidy(product).finally(() => process.exit(1));
    });
}

/** Processes of runs that do not end by themselves within 20 s. */
async function stillThere(runs: string): Promise<readonly string[]> {
  const until = performance.now() + 20_000;
  let left = ofRuns(runs);
  while (left.length > 0 && performance.now() < until) {
    await sleep(200);
    left = ofRuns(runs);
  }
  return left;
}

/** Not the folder itself, which stands in the environment of every command. */
function ofRuns(runs: string): readonly string[] {
  return processesOf(`${runs}/`);
}
