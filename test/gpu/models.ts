import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { kindOf } from './config.ts';
import { last } from './product.ts';
import type { Settings } from './settings.ts';

/** Models with random weights and the tokenizer of the package. */
export function makeModels({ python, work, package: folder, cpu }: Settings): void {
  const kinds = (['dense', 'moe'] as const).map((model) => kindOf(model, cpu));
  // The bundle lies beside it.
  const program = join(import.meta.dirname, 'models.py');
  const words = [program, join(work, 'models'), join(folder, 'rehearsal/model'), ...kinds];
  const { status, stdout, stderr } = spawnSync(python, words, { encoding: 'utf8', timeout: 600_000 });
  if (status !== 0) throw new Error(`the models could not be made: ${last(stderr)}`);
  process.stderr.write(stdout);
}
