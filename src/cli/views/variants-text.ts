import { count } from '../../config/text/plural.ts';
import { span } from '../../format.ts';
import type { Plan } from '../../plan/plan.ts';
import { grouped } from '../grouping.ts';
import type { Page } from '../world.ts';
import { gpuHours } from './plan-text.ts';
import { table } from './table.ts';

/** A variant of a config with its plan. */
export interface PlannedVariant {
  readonly variant?: string;
  readonly plan: Plan;
  /** What it sets: `decode.workers=2`. */
  readonly changes: readonly string[];
}

/** Variants beside each other: a line for each, and what they cost together. */
export function variantsText(variants: readonly PlannedVariant[], page: Page): string {
  const rows = variants.map(({ variant = '', plan, changes }) => [
    variant,
    String(plan.nodes.length),
    String(plan.gpus.total),
    workersText(plan),
    span(plan.timeLimit),
    changes.map(shortened).join(', '),
  ]);
  return `${table(['variant', 'nodes', 'GPUs', 'workers × GPUs', 'time', ''], rows, page)}${sumText(variants)}\n`;
}

/** `6 variants, at most 64 GPUs each, 1,536 GPU-hours together`. */
export function sumText(variants: readonly PlannedVariant[]): string {
  const most = Math.max(...variants.map(({ plan }) => plan.gpus.total));
  const hours = variants.reduce((sum, { plan }) => sum + gpuHours(plan), 0);
  return `${count(variants.length, 'variant')}: at most ${count(most, 'GPU')} each, ${Math.round(hours * 100) / 100} GPU-hours together`;
}

/** Workers of a role that are alike. `gpus`: of each. */
function groupsOf(plan: Plan) {
  return grouped(plan.workers, ({ role, nodes, gpus, tp, pp, dp, ep }) =>
    JSON.stringify([role, nodes.length, gpus.length, tp, pp, dp, ep]),
  ).map((group) => {
    const [{ role, nodes, gpus, tp, pp, dp, ep }] = group;
    return { role, workers: group.length, gpus: nodes.length * gpus.length, sizes: { tp, pp, dp, ep } };
  });
}

/** `1 prefill × 8, tp8; 2 decode × 16, tp16 dp16` */
function workersText(plan: Plan): string {
  return groupsOf(plan)
    .map(({ role, workers, gpus, sizes }) => {
      const said = Object.entries(sizes).filter(([name, size]) => name === 'tp' || size > 1);
      const text = said.map(([name, size]) => `${name}${size}`).join(' ');
      return gpus === 0 ? `${workers} ${role}` : `${workers} ${role} × ${gpus}, ${text}`;
    })
    .join('; ');
}

const LONGEST = 60;

const shortened = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
