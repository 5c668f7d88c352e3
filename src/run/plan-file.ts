import { join } from 'node:path/posix';
import { z } from 'zod';
import type { Role } from '../config/schema/role.ts';
import type { Host } from '../host/host.ts';
import type { ProcessKind } from '../plan/plan.ts';
import type { StartStage } from '../start-stages.ts';
import { fields, list, mapOf, number, parseJson, read, text, whole, word } from './lenient.ts';

const numbers = list(whole).catch([]);
const words = list(text).catch([]);
const count = whole.catch(1);
const seconds = number.optional().catch(undefined);

/** A list that a plan of another release may lack. */
const some = <Item extends z.ZodType>(item: Item) => list(item).catch([]);

const node = fields(
  { index: whole.describe('Index of the node, from 0.') },
  {
    roles: words.describe('`head`, `frontend`, `nginx`, `prefill`, …'),
    steps: words.describe('Steps with a task on this node.'),
    gpusUsed: whole,
  },
);

const worker = fields(
  {
    name: text.describe("Name of the worker's step."),
    role: text,
    nodes: numbers,
    gpus: numbers.describe('Indices of its GPUs on each of its nodes, from 0.'),
    tp: count,
    pp: count,
    dp: count,
    ep: count,
  },
  {
    index: whole.describe('Index within its role, from 0.'),
    gpuShare: number.describe('Part of its one GPU that a worker has, if others have the rest.'),
    leader: whole.describe('Index of its first node.'),
    restarts: whole.describe('Maximum number of restarts.'),
    critical: z.boolean().describe('Whether losing the worker ends the job.'),
  },
);

const port = fields(
  {
    port: whole,
    count: count.describe('Number of consecutive ports, from `port`.'),
    use: text.describe('Purpose of the port; the values are listed below.'),
  },
  {
    loopback: z.boolean().describe('`true` if it listens on 127.0.0.1 only, where no observer can reach it.'),
  },
);

const planned = fields(
  {
    name: text.describe(
      'Name of the step: `etcd`, `nats`, `frontend-0`, `nginx`, `prefill-0`; unique together with `nodeRank` and, where it is there, `localRank`.',
    ),
    kind: word<ProcessKind>().describe(
      '`etcd`, `nats`, `mooncake` (the master of a Mooncake store), `frontend`, `nginx`, `worker`, `monitor` (which only watches), `image`, `container` (unpacks the image), `install` (fetches Dynamo), `cleanup` (removes the container at the end) or `bench`.',
    ),
    role: word<Role>()
      .nullable()
      .catch(null)
      .describe(
        'Role of a worker: `prefill`, `decode`, `aggregated`, `encode`, `processor` or `router`; else null.',
      ),
    nodeIndex: whole.catch(0).describe('Index of the node.'),
    nodeRank: whole.catch(0).describe("Rank in the step; 0 is the worker's leader."),
    localRank: whole
      .optional()
      .describe('Rank on the node, where a worker has several processes that serve on each of its nodes.'),
    gpus: numbers.describe('GPU numbers on that node.'),
    argv: words.describe('Command as a list of words.'),
    env: mapOf(text).catch({}).describe('Environment variables that the step adds to those of the node.'),
    ports: some(port).describe('Ports that the process listens on.'),
  },
  { worker: whole.nullable().describe('Index of the worker within its role; else null.') },
);

const endpoint = fields({
  role: word<Role>(),
  namespace: text,
  component: text,
  endpoint: text,
  workers: whole.describe('Number of workers that must register.'),
});

const readiness = fields(
  {
    model: text.catch(''),
    endpoints: some(endpoint),
    readyRoute: z
      .boolean()
      .catch(false)
      .describe('Whether the Dynamo release supports `/v1/models/{id}/ready`.'),
    stages: mapOf(number)
      .catch({})
      .describe("Maximum seconds without progress, for each stage of a worker's start."),
  },
  {
    surface: word('chat', 'embeddings', 'rerank', 'classify', 'media').describe(
      'What clients ask the service for; `media`: images, video or audio.',
    ),
    deadline: seconds.describe('Maximum seconds from the start of the job until it is ready.'),
    stall: seconds.describe('Maximum seconds without progress before the service is ready.'),
    lost: seconds.describe('Maximum seconds that a registration may be missing after the service was ready.'),
    hang: seconds.describe('Maximum seconds that a worker may have work, and show no progress; 0: for ever.'),
    drain: seconds.describe('Maximum seconds that requests in progress may take before the time limit.'),
    lease: seconds.describe('Maximum seconds that a dead worker stays registered (lease TTL).'),
  },
);

/** plan.json, and docs/plan-json.md. */
export const PLAN_FILE = fields(
  {
    version: whole.catch(1).describe('1.'),
    name: text.catch('').describe('Name of the job.'),
    nodes: some(node),
    workers: some(worker),
    processes: some(planned).describe('Processes: what a step runs on one of its nodes; described below.'),
    srun: some(fields({ name: text, nodes: numbers, argv: words })).describe(
      'One srun command for each step.',
    ),
    movable: some(
      fields({
        port: whole,
        count,
        instead: numbers.describe(
          'First ports of the alternative ranges, in the order in which they are tried.',
        ),
      }),
    ).describe(
      'On shared nodes, the ports that the job moves together if one of them is in use; else empty.',
    ),
    warnings: words.describe('Warnings of `dyn-slurm check`, as `path: message`.'),
  },
  {
    dynamo: text.describe('Dynamo release.'),
    gpus: fields({
      model: text,
      perNode: whole,
      total: whole.describe('Number of GPUs of the job.'),
      used: whole.describe('Number of GPUs that ranks use.'),
    }),
    readiness,
    entry: fields({ node: whole, port: whole }).describe('Node index and port that clients connect to.'),
  },
);

export type PlannedProcess = z.output<typeof planned>;

/** What a run is going to start: enough to show what has not come yet. */
export interface Outline {
  /** In launch order. */
  readonly steps: readonly PlannedStep[];
  /** Seconds without progress after which a stage of a start is stuck, as far as the plan says. */
  readonly stages?: Readonly<Partial<Record<StartStage, number>>>;
}

/** `name`: as in `logs/NAME.HOST.log`; `dp`: DP ranks of a worker. */
export type PlannedStep = Pick<PlannedProcess, 'name' | 'kind' | 'role'> & { readonly dp?: number };

export type PlanFile = z.output<typeof PLAN_FILE> & Outline;

/** Undefined where the text is no plan. */
export function parsePlan(planText: string): PlanFile | undefined {
  const plan = read(PLAN_FILE, parseJson(planText));
  if (plan === undefined) return undefined;
  const ranks = new Map(plan.workers.map(({ name, dp }) => [name, dp]));
  const steps = new Map<string, PlannedStep>();
  for (const { name, kind, role } of plan.processes) {
    const dp = ranks.get(name);
    steps.set(name, { name, kind, role, ...(dp !== undefined && { dp }) });
  }
  // Plans of earlier releases have none.
  const stages = Object.entries(plan.readiness?.stages ?? {}).filter(([, limit]) => limit > 0);
  return {
    ...plan,
    steps: [...steps.values()],
    ...(stages.length > 0 && { stages: Object.fromEntries(stages) }),
  };
}

/** Undefined where there is no plan.json that can be read. */
export async function readPlan(host: Host, run: { readonly dir: string }): Promise<PlanFile | undefined> {
  const planText = await host.readText(join(run.dir, 'plan.json'));
  return planText === undefined ? undefined : parsePlan(planText);
}
