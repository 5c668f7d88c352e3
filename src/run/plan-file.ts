import { join } from 'node:path/posix';
import type { Host } from '../host/host.ts';
import { fields, flag, list, mapOf, number, or, parseJson, type Reader, text, whole } from './lenient.ts';

/** What observers read of plan.json; see docs/plan-json.md. A plan of another release may lack any of it. */
export interface RecordedPlan {
  readonly dynamo?: string;
  readonly nodes?: readonly { readonly index: number }[];
  readonly gpus?: {
    readonly model: string;
    readonly perNode: number;
    readonly total: number;
    readonly used: number;
  };
  readonly workers?: readonly RecordedWorker[];
  readonly processes?: readonly RecordedProcess[];
  readonly srun?: readonly RecordedStep[];
  readonly readiness?: RecordedReadiness;
  readonly warnings?: readonly string[];
}

export interface RecordedWorker {
  readonly name: string;
  readonly role: string;
  readonly nodes: readonly number[];
  readonly gpus: readonly number[];
  readonly tp: number;
  readonly pp: number;
  readonly dp: number;
  readonly ep: number;
}

export interface RecordedProcess {
  readonly name: string;
  readonly kind: string;
  readonly role: string | null;
  readonly nodeIndex: number;
  readonly nodeRank: number;
  readonly gpus: readonly number[];
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly port: number; readonly count: number; readonly use: string }[];
}

/** How a step is launched: srun's arguments. */
export interface RecordedStep {
  readonly name: string;
  readonly nodes: readonly number[];
  readonly argv: readonly string[];
}

export interface RecordedReadiness {
  readonly model: string;
  readonly endpoints: readonly {
    readonly role: string;
    readonly namespace: string;
    readonly component: string;
    readonly endpoint: string;
    readonly workers: number;
  }[];
  readonly readyRoute: boolean;
  /** Seconds, by stage. */
  readonly stages: Readonly<Record<string, number>>;
}

const numbers = or(list(whole), []);
const words = or(list(text), []);
const count = or(whole, 1);
const port = fields({ port: whole, count, use: text });
const endpoint = fields({ role: text, namespace: text, component: text, endpoint: text, workers: whole });

const recordedPlan: Reader<RecordedPlan> = fields(
  {},
  {
    dynamo: text,
    nodes: list(fields({ index: whole })),
    gpus: fields({ model: text, perNode: whole, total: whole, used: whole }),
    workers: list(
      fields({
        name: text,
        role: text,
        nodes: numbers,
        gpus: numbers,
        tp: count,
        pp: count,
        dp: count,
        ep: count,
      }),
    ),
    processes: list(
      fields({
        name: text,
        kind: text,
        role: or<string | null>(text, null),
        nodeIndex: or(whole, 0),
        nodeRank: or(whole, 0),
        gpus: numbers,
        argv: words,
        env: or(mapOf(text), {}),
        ports: or(list(port), []),
      }),
    ),
    srun: list(fields({ name: text, nodes: numbers, argv: words })),
    readiness: fields({
      model: or(text, ''),
      endpoints: or(list(endpoint), []),
      readyRoute: or(flag, false),
      stages: or(mapOf(number), {}),
    }),
    warnings: list(text),
  },
);

export function parsePlan(planText: string): RecordedPlan | undefined {
  return recordedPlan(parseJson(planText));
}

/** Undefined where there is no plan.json that can be read. */
export async function readPlan(host: Host, run: { readonly dir: string }): Promise<RecordedPlan | undefined> {
  const planText = await host.readText(join(run.dir, 'plan.json'));
  return planText === undefined ? undefined : parsePlan(planText);
}
