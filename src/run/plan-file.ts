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
  { index: whole.describe('From 0 on.') },
  {
    roles: words.describe('`head`, `frontend`, `nginx`, `prefill`, …'),
    steps: words.describe('Steps with a task there.'),
    gpusUsed: whole,
  },
);

const worker = fields(
  {
    name: text.describe('Its step.'),
    role: text,
    nodes: numbers,
    gpus: numbers.describe('On each of its nodes.'),
    tp: count,
    pp: count,
    dp: count,
    ep: count,
  },
  {
    index: whole.describe('Within its role.'),
    leader: whole.describe('Its first node.'),
    restarts: whole.describe('How often it may be started again.'),
    critical: z.boolean().describe('Whether its loss ends the job.'),
  },
);

const port = fields(
  {
    port: whole,
    count: count.describe('Consecutive ones.'),
    use: text.describe('See below.'),
  },
  {
    loopback: z.boolean().describe('`true` where it listens at 127.0.0.1 only, and no observer gets there.'),
  },
);

const planned = fields(
  {
    name: text.describe(
      'The step’s name: `etcd`, `nats`, `frontend-0`, `nginx`, `prefill-0`; unique with `nodeRank`.',
    ),
    kind: word<ProcessKind>().describe(
      '`etcd`, `nats`, `frontend`, `nginx`, `worker`, `monitor` (which only watches), `image`, `container` (unpacks the image), `cleanup` (removes the container at the end) or `bench`.',
    ),
    role: word<Role>()
      .nullable()
      .catch(null)
      .describe(
        'Of a worker: `prefill`, `decode`, `aggregated`, `encode`, `processor` or `router`; else null.',
      ),
    nodeIndex: whole.catch(0).describe('The node.'),
    nodeRank: whole.catch(0).describe('Its rank in the step; 0 is the worker’s leader.'),
    gpus: numbers.describe('GPU numbers on that node.'),
    argv: words.describe('The command, word by word.'),
    env: mapOf(text).catch({}).describe('Variables beside those that the node has.'),
    ports: some(port).describe('What it listens on.'),
  },
  { worker: whole.nullable().describe('Index of the worker within its role; else null.') },
);

const endpoint = fields({
  role: word<Role>(),
  namespace: text,
  component: text,
  endpoint: text,
  workers: whole.describe('How many must register.'),
});

const readiness = fields(
  {
    model: text.catch(''),
    endpoints: some(endpoint),
    readyRoute: z.boolean().catch(false).describe('Whether the release answers `/v1/models/{id}/ready`.'),
    stages: mapOf(number)
      .catch({})
      .describe('Seconds without progress after which a stage of a worker’s start is stuck.'),
  },
  {
    deadline: seconds.describe('Seconds from the start of the job to ready.'),
    stall: seconds.describe('Seconds without progress before ready.'),
    lost: seconds.describe('Seconds that a registration may be missing once the service was ready.'),
    drain: seconds.describe('Seconds for requests under way at the time limit.'),
    lease: seconds.describe('Seconds that a worker that died stays registered.'),
  },
);

/** plan.json, and docs/plan-json.md. */
export const PLAN_FILE = fields(
  {
    version: whole.catch(1).describe('1.'),
    name: text.catch('').describe('The job’s name.'),
    nodes: some(node),
    workers: some(worker),
    processes: some(planned).describe('What a step runs on one of its nodes; below.'),
    srun: some(fields({ name: text, nodes: numbers, argv: words })).describe('One for each step.'),
    movable: some(
      fields({
        port: whole,
        count,
        instead: numbers.describe(
          'The first ports that may take its place, in the order in which they are tried.',
        ),
      }),
    ).describe(
      'On shared nodes, the ports that the job moves together where one of them is taken; else empty.',
    ),
    warnings: words.describe('What `dyn-slurm check` warns about, as `path: message`.'),
  },
  {
    dynamo: text.describe('Dynamo’s release.'),
    gpus: fields({
      model: text,
      perNode: whole,
      total: whole.describe('Of the job.'),
      used: whole.describe('By ranks.'),
    }),
    readiness,
    entry: fields({ node: whole, port: whole }).describe('Where clients connect.'),
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
