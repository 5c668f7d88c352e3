import type { Settings } from '../config/compat/flag-renames.ts';
import { dashed as dashedName } from '../config/text/dashed.ts';

/** Settings with their arguments under names with dashes, which no release writes in another way. */
export function dashed({ args, env }: Settings): Settings {
  const named = Object.entries(args).map(([name, value]) => [dashedName(name), value]);
  return { args: Object.fromEntries(named), env };
}
