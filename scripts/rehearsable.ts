import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { loadConfig } from '../src/cli/runs/config/load.ts';
import { processWorld } from '../src/cli/world.ts';
import { rehearsable } from '../src/rehearsal/rehearsable.ts';

export interface Rehearsable {
  /** With the variant, where there is one: `recipe.yaml[mtp]`. */
  readonly config: string;
  /** Why it can't be rehearsed; undefined where it can. */
  readonly why: string | undefined;
}

/** Of each job of the configs in a folder, whether it could be rehearsed without a cluster profile. */
export async function rehearsableIn(folder: string, packageRoot: string): Promise<readonly Rehearsable[]> {
  const world = processWorld(process, packageRoot, new AbortController().signal);
  const found: Rehearsable[] = [];
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.yaml')) continue;
    const { jobs } = await loadConfig(join(folder, file), { anywhere: true }, world);
    for (const { plan, diagnostics, variant } of jobs) {
      const error = diagnostics.find(({ severity }) => severity === 'error');
      const why = plan ? rehearsable(plan)?.message : `${error?.path}: ${error?.message}`;
      found.push({ config: variant === undefined ? file : `${file}[${variant}]`, why });
    }
  }
  return found;
}
