import { EXIT } from '../../../errors.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { World } from '../../world.ts';
import { runBuiltin, type Service } from './builtin.ts';
import { conclude } from './conclusion.ts';

/** Runs the built-in benchmark of a config against its rehearsal; the exit code. */
export async function rehearseBench(
  { plan, ...target }: Service & { readonly plan: Plan },
  options: { readonly json?: boolean },
  world: World,
): Promise<number> {
  const wanted = {
    name: `bench-${world.randomHex(3)}`,
    plan,
    original: plan,
    overlay: undefined,
    done: new Set<string>(),
    again: false,
  };
  const end = await runBuiltin(wanted, target, world);
  if (world.signal.aborted) return EXIT.interrupted;
  return conclude(wanted, end, target, options, world);
}
