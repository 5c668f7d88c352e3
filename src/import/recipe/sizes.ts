import { count } from '../../config/text/plural.ts';
import type { Findings, Place } from '../finding.ts';
import type { Found } from '../keys.ts';
import type { Colocation, RecipeRole, RoleName } from './recipe.ts';

/** What a recipe says of a role's size. */
export interface Given {
  readonly role: RoleName;
  /** `prefill`, `decode`, `agg`. */
  readonly short: string;
  readonly place: Place;
  readonly nodes: Found<number> | undefined;
  readonly workers: Found<number> | undefined;
  readonly gpus: Found<number> | undefined;
  /** Said by `roles`, not by `resources`. */
  readonly fromRoles: boolean;
}

type Sized<One extends Given> = Pick<RecipeRole, 'workers' | 'nodes' | 'gpus' | 'places'> & {
  readonly given: One;
};

/**
 * The size of each role by srt-slurm's rules. It is disaggregated where prefill or decode has nodes, be it 0. A worker has
 * the GPUs that it is given; else its share of the role's nodes, a whole node where that has no nodes; and decode on the
 * nodes of prefill as many as a prefill worker. (`ResourceConfig` of srtctl/core/schema.py.)
 */
export function resolveSizes<One extends Given>(
  roles: readonly One[],
  { gpusPerNode, colocation }: { readonly gpusPerNode: number; readonly colocation: Colocation },
  findings: Findings,
): readonly Sized<One>[] {
  const pair = roles.filter(({ role }) => role !== 'aggregated');
  const alone = roles.filter(({ role }) => role === 'aggregated');
  const disaggregated = pair.some(({ nodes, fromRoles }) => nodes !== undefined || fromRoles);
  const chosen = disaggregated ? pair : alone;
  for (const { place, role } of disaggregated ? alone : pair)
    findings.lose(
      place,
      `${role} workers do not run: the recipe is ${disaggregated ? '' : 'not '}disaggregated`,
    );
  const sized: Sized<One>[] = [];
  for (const given of chosen) {
    const { nodes, workers, gpus, place } = given;
    const ownNodes = nodes?.value ?? (disaggregated ? 0 : 1);
    const count_ = workers?.value ?? 0;
    const prefill = sized.find((one) => one.given.role === 'prefill');
    const share =
      ownNodes === 0 || count_ === 0 ? gpusPerNode : Math.floor((ownNodes * gpusPerNode) / count_);
    const inherited = given.role === 'decode' && nodes?.value === 0 ? prefill?.gpus : undefined;
    sized.push({
      given,
      workers: count_,
      nodes: ownNodes,
      gpus: gpus?.value ?? inherited ?? share,
      places: {
        workers: workers?.entry ?? place,
        nodes: nodes?.entry ?? place,
        gpus: gpus?.entry ?? nodes?.entry ?? place,
      },
    });
  }
  const packed = packsRoles(
    sized.map(({ given: { role }, ...one }) => ({ role, ...one })),
    gpusPerNode,
    colocation,
  );
  for (const one of sized) checkSize(one, sized, gpusPerNode, packed, findings);
  if (disaggregated && sized.length === 1)
    findings.refuse(
      chosen[0]?.place as Place,
      'prefill and decode need each other, but the recipe has only one of them',
    );
  return sized;
}

/** Whether prefill and decode fill nodes together: vLLM's colocation, on one node unless it may go on to further ones. */
export function packsRoles(
  roles: readonly Pick<RecipeRole, 'role' | 'workers' | 'gpus'>[],
  gpusPerNode: number,
  { allowed, acrossNodes }: Colocation,
): boolean {
  const pair = roles.filter(({ role, workers }) => role !== 'aggregated' && workers > 0);
  if (!allowed?.value || pair.length < 2) return false;
  const gpus = pair.reduce((sum, { workers, gpus: each }) => sum + workers * each, 0);
  return gpus <= gpusPerNode || acrossNodes?.value === true;
}

/** Nodes that a role's workers fill by themselves. */
export function nodesNeeded(workers: number, gpus: number, gpusPerNode: number): number {
  if (gpus >= gpusPerNode) return workers * Math.ceil(gpus / gpusPerNode);
  return Math.ceil(workers / Math.floor(gpusPerNode / gpus));
}

function checkSize(
  { given, workers, nodes, gpus, places }: Sized<Given>,
  all: readonly Sized<Given>[],
  gpusPerNode: number,
  packed: boolean,
  findings: Findings,
): void {
  const { role } = given;
  if (workers === 0) {
    findings.refuse(
      places.workers,
      `the recipe has no ${role} workers`,
      given.fromRoles ? `set roles.${given.short}.workers` : `set ${given.short}_workers`,
    );
    return;
  }
  if (gpus === 0) {
    if (given.gpus !== undefined) {
      findings.refuse(places.gpus, 'a worker has at least 1 GPU, not 0');
      return;
    }
    const message = `${count(workers, 'worker')} ${workers === 1 ? 'has' : 'share'} ${count(nodes, 'node')} of ${count(gpusPerNode, 'GPU')}, which is no GPU for each`;
    findings.refuse(places.gpus, message);
    return;
  }
  if (packed) return;
  const needed = nodesNeeded(workers, gpus, gpusPerNode);
  if (nodes === 0 && (role !== 'decode' || (given.nodes === undefined && given.fromRoles))) {
    findings.refuse(
      places.nodes,
      `the recipe gives its ${role} workers no nodes`,
      given.fromRoles ? `set roles.${given.short}.nodes` : `set ${given.short}_nodes`,
    );
  } else if (nodes === 0) {
    const host = all.find((one) => one.given.role === 'prefill' && one.nodes > 0);
    const free = host === undefined ? 0 : host.nodes * gpusPerNode - host.workers * host.gpus;
    if (host === undefined || free < workers * gpus) {
      const message = `${count(workers, `${role} worker`)} of ${count(gpus, 'GPU')} ${workers === 1 ? 'does' : 'do'} not fit beside prefill, which leaves ${count(Math.max(0, free), 'GPU')} free`;
      findings.refuse(places.nodes, message, 'give decode nodes of its own');
    }
  } else if (needed > nodes) {
    const message = `${count(workers, `${role} worker`)} of ${count(gpus, 'GPU')} need ${count(needed, 'node')} of ${gpusPerNode} GPUs, not ${nodes}`;
    findings.refuse(places.nodes, message, 'srt-slurm ends such a job when it places its workers');
  }
}
