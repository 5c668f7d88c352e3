import { EXIT } from '../../../errors.ts';
import { planJson } from '../../../plan/json.ts';
import { refusedFiles } from '../../runs/config/files-seen.ts';
import { loadValidConfig } from '../../runs/config/load.ts';
import { jsonText } from '../../sink.ts';
import { planText } from '../../views/plan-text.ts';
import { variantsText } from '../../views/variants-text.ts';
import type { World } from '../../world.ts';
import type { ConfigOptions } from '../options.ts';

/** Shows what would run where, as text or as the documented JSON; of several variants a table, or a list of plans. */
export async function plan(file: string, options: ConfigOptions, world: World): Promise<number> {
  const jobs = await loadValidConfig(file, options, world);
  if (jobs === undefined || (await refusedFiles(jobs, world))) return EXIT.config;
  const [only, ...others] = jobs;
  if (options.json) {
    const several = jobs.map(({ variant, changes, plan: each }) => ({
      variant,
      changes,
      plan: planJson(each),
    }));
    world.out.write(jsonText(others.length === 0 ? planJson(only.plan) : several));
  } else if (others.length === 0) world.out.write(planText(only.plan, world.page, only.notes));
  else world.out.write(variantsText(jobs, world.page));
  return EXIT.ok;
}
