import { join } from 'node:path/posix';
import type { Role } from '../config/role.ts';
import type { Host } from '../host/host.ts';
import type { ProcessKind } from '../plan/plan.ts';
import type { StartStage } from '../plan/start-stage.ts';

/** What a run is going to start, from its plan.json: enough to show what has not come yet. */
export interface Outline {
  /** In launch order. */
  readonly steps: readonly OutlineStep[];
  /** Seconds without progress after which a stage of a start is stuck, as far as the plan says. */
  readonly stages?: Readonly<Partial<Record<StartStage, number>>>;
}

export interface OutlineStep {
  /** As in `logs/NAME.HOST.log`. */
  readonly name: string;
  readonly kind: ProcessKind;
  readonly role: Role | null;
  /** DP ranks of a worker. */
  readonly dp?: number;
}

/** Undefined where there is no plan.json that can be read. */
export async function readOutline(host: Host, run: { readonly dir: string }): Promise<Outline | undefined> {
  const text = await host.readText(join(run.dir, 'plan.json'));
  return text === undefined ? undefined : parseOutline(text);
}

export function parseOutline(text: string): Outline | undefined {
  let plan: { readonly processes?: unknown; readonly workers?: unknown; readonly readiness?: unknown };
  try {
    plan = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!Array.isArray(plan?.processes)) return undefined;
  const ranks = new Map(
    (Array.isArray(plan.workers) ? plan.workers : []).map((worker) => [worker?.name, worker?.dp]),
  );
  const steps = new Map<string, OutlineStep>();
  for (const { name, kind, role } of plan.processes) {
    if (typeof name !== 'string' || typeof kind !== 'string') return undefined;
    const dp: unknown = ranks.get(name);
    steps.set(name, {
      name,
      kind: kind as ProcessKind,
      role: typeof role === 'string' ? (role as Role) : null,
      ...(typeof dp === 'number' && { dp }),
    });
  }
  const stages = stageLimits(plan.readiness);
  return { steps: [...steps.values()], ...(stages && { stages }) };
}

/** Plans of releases before have none. */
function stageLimits(readiness: unknown): Outline['stages'] {
  const stages = (readiness as { readonly stages?: unknown } | null | undefined)?.stages;
  if (typeof stages !== 'object' || stages === null) return undefined;
  return Object.fromEntries(
    Object.entries(stages).filter(([, limit]) => typeof limit === 'number' && limit > 0),
  );
}
