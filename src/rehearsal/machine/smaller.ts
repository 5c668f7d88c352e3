import { count } from '../../config/text/plural.ts';
import type { Plan } from '../../plan/plan.ts';

/** How a config could be made small enough, as settings of the command line. */
export interface Smaller {
  /** `decode: 1 worker instead of 4`. */
  readonly what: string;
  /** `decode.workers=1`; they are needed. */
  readonly set: readonly string[];
  /** Keys that may be in the way, as `decode.tp=null`. */
  readonly clear: readonly string[];
}

/** The workers of a role, all of one size. */
interface RoleSize {
  readonly role: string;
  readonly workers: number;
  /** Of each worker. */
  readonly gpus: number;
}

/** The fewest GPUs of one machine that a plan needs. */
export function gpusNeeded({ workers }: Pick<Plan, 'workers'>): number {
  const own = new Set<string>();
  for (const { nodes, gpus } of workers)
    for (const node of nodes) for (const gpu of gpus) own.add(`${node} ${gpu}`);
  return own.size;
}

/** What of a plan would fit on so many GPUs of one machine, the nearest to the plan first; to be tried, for not all may plan. */
export function smallerThan({ workers }: Pick<Plan, 'workers'>, available: number): readonly Smaller[] {
  const roles = [...new Set(workers.filter(({ gpus }) => gpus.length > 0).map(({ role }) => role))].map(
    (role): RoleSize => {
      const own = workers.filter((worker) => worker.role === role);
      const [first] = own;
      return { role, workers: own.length, gpus: (first?.nodes.length ?? 1) * (first?.gpus.length ?? 1) };
    },
  );
  if (roles.length === 0 || available < 1) return [];
  const few = fewer(roles, available);
  const smallest = Math.max(...roles.map(({ gpus }) => gpus));
  if (smallest > MOST * available) return few;
  return [...few, ...narrower(roles, available), ...shared(roles, available)];
}

const total = (roles: readonly RoleSize[]): number =>
  roles.reduce((sum, { workers, gpus }) => sum + workers * gpus, 0);

const SIZES = ['nodes', 'spread'];
const PARALLEL = ['tp', 'pp', 'dp', 'ep', 'dcp', 'args.enable-dp-attention'];
const MEMORY = ['args.mem-fraction-static', 'args.gpu-memory-utilization'];
/** A model that needs so many times the GPUs does not fit on fewer of them, whatever its workers are. */
const MOST = 8;

/** Workers as they are, but not as many: one less of the role that has most GPUs, until they fit. */
function fewer(roles: readonly RoleSize[], available: number): readonly Smaller[] {
  let left = roles;
  while (total(left) > available) {
    const most = Math.max(...left.map(({ workers, gpus }) => (workers > 1 ? workers * gpus : 0)));
    if (most === 0) return [];
    const at = left.findIndex(({ workers, gpus }) => workers > 1 && workers * gpus === most);
    left = left.map((role, index) => (index === at ? { ...role, workers: role.workers - 1 } : role));
  }
  const changed = left.filter(({ workers }, index) => workers !== roles[index]?.workers);
  if (changed.length === 0) return [];
  return [
    {
      what: changed.map(({ role, workers }) => count(workers, `${role} worker`)).join(', '),
      set: left.flatMap(({ role, workers, gpus }) => [
        `${role}.workers=${workers}`,
        `${role}.gpus_per_worker=${gpus}`,
      ]),
      clear: left.flatMap(({ role }) => SIZES.map((key) => `${role}.${key}=null`)),
    },
  ];
}

/** One worker of each role, with fewer GPUs: double the one that lacks most, while it fits. */
function narrower(roles: readonly RoleSize[], available: number): readonly Smaller[] {
  let left = roles.map((role) => ({ ...role, workers: 1, gpus: 1 }));
  if (total(left) > available) return [];
  for (;;) {
    const lack = left.map(({ gpus }, index) => {
      const wanted = roles[index]?.gpus ?? 1;
      return gpus * 2 <= wanted && total(left) + gpus <= available ? wanted / gpus : 0;
    });
    const most = Math.max(...lack);
    if (most === 0) break;
    const at = lack.indexOf(most);
    left = left.map((role, index) => (index === at ? { ...role, gpus: role.gpus * 2 } : role));
  }
  if (left.every(({ gpus }, index) => gpus === roles[index]?.gpus)) return [];
  return [
    {
      what: left.map(({ role, gpus }) => `1 ${role} worker of ${count(gpus, 'GPU')}`).join(', '),
      set: left.flatMap(({ role, gpus }) => [`${role}.workers=1`, `${role}.gpus_per_worker=${gpus}`]),
      clear: left.flatMap(({ role }) => [...SIZES, ...PARALLEL].map((key) => `${role}.${key}=null`)),
    },
  ];
}

/** One worker of each role, several of them on a GPU. */
function shared(roles: readonly RoleSize[], available: number): readonly Smaller[] {
  if (roles.length <= available) return [];
  const share = Math.floor(100 / Math.ceil(roles.length / available)) / 100;
  return [
    {
      what: `${roles.map(({ role }) => `1 ${role} worker`).join(', ')}, each on a part of a GPU`,
      set: roles.flatMap(({ role }) => [`${role}.workers=1`, `${role}.gpu_share=${share}`]),
      clear: roles.flatMap(({ role }) =>
        ['gpus_per_worker', ...SIZES, ...PARALLEL, ...MEMORY].map((key) => `${role}.${key}=null`),
      ),
    },
  ];
}
