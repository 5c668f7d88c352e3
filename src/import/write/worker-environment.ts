import type { ConfigEntry } from '../../config/yaml/tree.ts';
import { isNull } from '../keys.ts';
import type { RecipeRole } from '../recipe/recipe.ts';
import { type MapBuilder, same } from '../tree.ts';
import type { Context } from './context.ts';
import { writeEnvironment } from './environment.ts';

/**
 * The environment of a role's workers, without what the Mooncake store gives all workers: dyn-slurm lets a role's own variables
 * win, and srt-slurm the store's.
 */
export function writeWorkerEnvironment(role: RecipeRole, context: Context): MapBuilder {
  const { recipe, findings } = context;
  const store = new Map((recipe.mooncake?.env ?? []).map((entry) => [entry.path.at(-1), entry] as const));
  const isOwn = (entry: ConfigEntry): boolean => {
    const winner = isNull(entry.value) ? undefined : store.get(entry.path.at(-1));
    if (winner !== undefined && !same(winner.value, entry.value))
      findings.note(
        entry,
        `gives way to the value on line ${winner.range.line}: srt-slurm sets the variables of the Mooncake store last`,
      );
    return winner === undefined;
  };
  const around = { ...context, recipe: { ...recipe, environment: recipe.environment.filter(isOwn) } };
  return writeEnvironment(role.env.filter(isOwn), around);
}
