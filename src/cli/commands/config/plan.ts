import { EXIT } from '../../../errors.ts';
import { planJson } from '../../../plan/json.ts';
import { refusedFiles } from '../../runs/config/files-seen.ts';
import { loadValidJob } from '../../runs/config/load.ts';
import { jsonText } from '../../sink.ts';
import { planText } from '../../views/plan-text.ts';
import type { World } from '../../world.ts';
import type { ConfigOptions } from '../options.ts';

/** Shows what would run where, as text or as the documented JSON. */
export async function plan(file: string, options: ConfigOptions, world: World): Promise<number> {
  const loaded = await loadValidJob(file, options, world);
  if (loaded === undefined || (await refusedFiles(loaded, world))) return EXIT.config;
  const text = () => planText(loaded.plan, world.page, loaded.notes);
  world.out.write(options.json ? jsonText(planJson(loaded.plan)) : text());
  return EXIT.ok;
}
