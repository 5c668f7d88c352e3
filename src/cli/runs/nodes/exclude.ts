import type { Plan } from '../../../plan/plan.ts';
import { expandHostlist } from '../../../scheduler/hostlist.ts';
import type { GivenOptions } from '../../../scheduler/scheduler.ts';
import type { World } from '../../world.ts';
import { type BadNode, badNodes } from './ledger.ts';

/** What a new job is kept away from. */
export interface Exclusion {
  /** Options of sbatch's or salloc's command line, the user's own `exclude` joined with the bad nodes. */
  readonly given: GivenOptions;
  readonly bad: readonly BadNode[];
  /** Bad nodes that the config's own nodelist asks for, which Slurm would refuse together with their exclusion. */
  readonly wanted: readonly BadNode[];
}

export async function exclusion(plan: Plan, world: World): Promise<Exclusion> {
  const given = plan.commandLine;
  const listed = plan.directives
    .find((option) => option.startsWith('--nodelist='))
    ?.slice('--nodelist='.length);
  const asked = new Set(listed === undefined ? [] : expandHostlist(listed));
  const noted = await badNodes(plan.cluster.name, world);
  const bad = noted.filter(({ node }) => !asked.has(node));
  const wanted = noted.filter(({ node }) => asked.has(node));
  if (bad.length === 0) return { given, bad, wanted };
  const own = given.exclude === undefined ? [] : [given.exclude];
  const exclude = [...own, ...bad.map(({ node }) => node)].join(',');
  return { given: { ...given, exclude }, bad, wanted };
}

/** What `submit` and `allocate` say of it. */
export function excludedText({ bad, wanted }: Exclusion): string {
  const [first] = bad;
  const because = ({ node, reason, run }: BadNode) => `${node}, which ${reason} (${run})`;
  return [
    ...bad.map((one) => `  excluded  ${because(one)}`),
    ...(first ? [`            \`dyn-slurm nodes --forget ${first.node}\` allows it again`] : []),
    ...wanted.map((one) => `  warning   slurm.directives.nodelist asks for ${because(one)}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
