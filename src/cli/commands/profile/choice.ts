import { ROLES } from '../../../config/schema/role.ts';
import { type Profiler, profilerOf } from '../../../engines/profilers.ts';
import { DynSlurmError } from '../../../errors.ts';
import { endpointsOf, type WorkerEndpoint } from '../../../observe/service/endpoints.ts';
import { attemptDir } from '../../../run/folder.ts';
import { type PlanFile, readPlan } from '../../../run/plan-file.ts';
import type { RunState } from '../../../run/state.ts';
import { type BenchTarget, notReady, readyService } from '../../runs/bench-target.ts';

export type Tool = 'torch' | 'nsys';

/** Which workers a person means. */
export interface Choice {
  readonly role?: string;
  readonly worker?: readonly string[];
  readonly tool: Tool;
}

/** A worker that can be told something. */
export interface Chosen extends WorkerEndpoint {
  readonly system: NonNullable<WorkerEndpoint['system']>;
  /** Hostnames of its nodes; each writes a report of its own under nsys. */
  readonly hosts: readonly string[];
  readonly profiler: Profiler;
  /** On all of its nodes: each writes a trace of its own. */
  readonly gpus: number;
}

/**
 * The workers to profile, all of one role unless they are named.
 * @throws DynSlurmError `usage` where none fits, or they cannot be told apart; `preflight` where one has no system port,
 * or was not launched under nsys
 */
export function chooseWorkers(
  { role, worker = [], tool }: Choice,
  workers: readonly WorkerEndpoint[],
  { processes }: Pick<PlanFile, 'processes'>,
  { bound }: Pick<RunState, 'bound'>,
): readonly Chosen[] {
  const roles = [...new Set(workers.map((each) => each.role))];
  if (role !== undefined && !roles.some((each) => each === role)) {
    const known = ROLES.some((each) => each === role);
    throw new DynSlurmError('usage', `${known ? 'no worker has the role' : 'there is no role'} ${role}`, {
      hint: `this run has ${roles.join(', ')}`,
    });
  }
  const unknown = worker.find((name) => !workers.some(({ step }) => step === name));
  if (unknown !== undefined) {
    throw new DynSlurmError('usage', `there is no worker ${unknown}`, {
      hint: `this run has ${workers.map(({ step }) => step).join(', ')}`,
    });
  }
  if (role === undefined && worker.length === 0 && roles.length > 1) {
    throw new DynSlurmError('usage', `this run has workers of several roles: ${roles.join(', ')}`, {
      hint: `profile one at a time: --role ${roles.at(-1)}, or some of their workers: --worker ${workers.at(-1)?.step}`,
    });
  }
  const meant = workers.filter(
    (each) =>
      (role === undefined || each.role === role) && (worker.length === 0 || worker.includes(each.step)),
  );
  if (meant.length === 0) throw new DynSlurmError('usage', `none of these workers has the role ${role}`);
  const hosts = new Map(bound?.nodes.map(({ index, host }) => [index, host]));
  return meant.map((each): Chosen => {
    const { system } = each;
    if (system === undefined) {
      throw new DynSlurmError('preflight', `${each.step} has no system port, which profiling needs`, {
        hint: "profiling needs Dynamo 0.8 or later with its system server: set `dynamo.version` to the image's release",
      });
    }
    const own = processes.filter(({ name }) => name === each.step);
    if (tool === 'nsys' && !own.some(({ argv }) => argv[0] === 'nsys')) {
      throw new DynSlurmError('preflight', `${each.step} was not launched under nsys`, {
        hint: `set \`profile: {tool: nsys, roles: [${each.role}]}\` in the config and submit it again; --tool torch needs nothing at launch`,
      });
    }
    const [first] = own;
    const profiler: Profiler = first && tool === 'torch' ? profilerOf(first) : { kind: 'told' };
    if (profiler.kind === 'none') {
      const { reason, hint } = profiler;
      throw new DynSlurmError('preflight', `${each.step} cannot be profiled: ${reason}`, { hint });
    }
    return {
      ...each,
      system,
      hosts: own.map(({ nodeIndex }) => hosts.get(nodeIndex) ?? ''),
      profiler,
      gpus: own.reduce((sum, { gpus }) => sum + gpus.length, 0),
    };
  });
}

/**
 * A service that runs: its workers, and where its attempt keeps its files, absolute.
 * @throws DynSlurmError `usage` where the service of a run is not ready, or not any more
 */
export async function servingOf(target: BenchTarget) {
  const { run, state, connection } = target;
  const { host } = connection;
  const ready = readyService(target);
  const planned = await readPlan(host, run);
  const endpoints = endpointsOf(planned, state);
  if (!planned || !endpoints) throw notReady(run);
  const dir = await host.resolve(run.dir);
  return { planned, ready, workers: endpoints.workers, attemptDir: attemptDir(dir, state.started?.attempt) };
}
