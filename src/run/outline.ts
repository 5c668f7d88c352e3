import type { Role } from '../config/schema/role.ts';
import type { Host } from '../host/host.ts';
import type { ProcessKind } from '../plan/plan.ts';
import type { StartStage } from '../plan/start-stage.ts';
import { parsePlan, type RecordedPlan, readPlan } from './plan-file.ts';

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
  const plan = await readPlan(host, run);
  return plan && outlineOf(plan);
}

export function parseOutline(text: string): Outline | undefined {
  const plan = parsePlan(text);
  return plan && outlineOf(plan);
}

function outlineOf({ processes, workers = [], readiness }: RecordedPlan): Outline | undefined {
  if (processes === undefined) return undefined;
  const ranks = new Map(workers.map(({ name, dp }) => [name, dp]));
  const steps = new Map<string, OutlineStep>();
  for (const { name, kind, role } of processes) {
    const dp = ranks.get(name);
    // Views show a kind or role that they do not know as it is.
    const as = { kind: kind as ProcessKind, role: role as Role | null };
    steps.set(name, { name, ...as, ...(dp !== undefined && { dp }) });
  }
  // Plans of releases before have none.
  const stages = Object.entries(readiness?.stages ?? {}).filter(([, limit]) => limit > 0);
  return { steps: [...steps.values()], ...(stages.length > 0 && { stages: Object.fromEntries(stages) }) };
}
