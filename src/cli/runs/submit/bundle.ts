import { join } from 'node:path';
import type { Plan } from '../../../plan/plan.ts';
import { type Bundle, renderBundle, TEMPLATES, type TemplateName } from '../../../render/bundle.ts';
import type { World } from '../../world.ts';
import type { Loaded } from '../config/load.ts';

/** Renders a job's bundle with the package's templates. */
export async function bundleOf({ text }: Pick<Loaded, 'text'>, plan: Plan, world: World): Promise<Bundle> {
  const read = async (name: TemplateName) =>
    [name, await world.readFile(join(world.packageRoot, 'templates', name))] as const;
  const templates = Object.fromEntries(await Promise.all(TEMPLATES.map(read))) as Record<
    TemplateName,
    string
  >;
  return renderBundle(plan, { templates, config: text });
}
