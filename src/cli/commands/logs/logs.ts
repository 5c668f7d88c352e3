import { DynSlurmError, EXIT } from '../../../errors.ts';
import { pause } from '../../../host/pause.ts';
import { plainText } from '../../../host/plain-text.ts';
import { isBad, knownCause, nextStep } from '../../../observe/known-cause.ts';
import { JOB_LOG, type LogFile, listLogs } from '../../../observe/log-file.ts';
import { watchRun } from '../../../observe/watch.ts';
import { readRunState } from '../../../run/event-log.ts';
import { sameNode } from '../../../run/node-name.ts';
import { type Outline, readPlan } from '../../../run/plan-file.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import { findLogs, isOf } from '../../runs/log-files.ts';
import { reportRuns } from '../../runs/report.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';
import { type LogFilterOptions, logFilter } from './filter.ts';
import { type LogPrinter, logPrinter } from './printer.ts';

export interface LogsOptions extends RunOptions, LogFilterOptions {
  /** Go on as the logs grow, until the run ends. */
  readonly follow?: boolean;
  /** The last so many of each log. Default: all, or 10 with `follow`. */
  readonly lines?: number;
  /** Only workers of this role. */
  readonly role?: string;
  /** Only what ran on this node. */
  readonly node?: string;
}

/** Milliseconds between looks at the logs while following; a thousand logs are looked at less often. */
const INTERVAL = 200;
const FOLLOWED_LINES = 10;

/** `dyn-slurm logs [RUN] [WORKER]`: what the processes of a run printed, each line with its process and node. */
export async function logs(
  first: string | undefined,
  second: string | undefined,
  options: LogsOptions,
  world: World,
): Promise<number> {
  const filter = logFilter(options, world.now());
  const { found, step } = await findLogs({ first, second }, options, world);
  const { run, connection } = found;
  const { host } = connection;
  const outline = await readPlan(host, run);
  const all = await listLogs(host, run, outline);
  const wanted = wantedLogs(step, options, outline, all);
  const begun = Date.parse(run.job?.submitted ?? '') || 0;
  const { json = false } = options;
  const printer = logPrinter({ host, run, outline, wanted, filter, begun, json }, world);
  const lines = options.lines ?? (options.follow ? FOLLOWED_LINES : undefined);
  const count = await printer.start(lines);
  if (options.follow) return follow(found, printer, world);
  printer.finish();
  if (count === 0) {
    const what = step === undefined ? 'logs' : `log of ${step}`;
    throw new DynSlurmError('usage', `run ${run.id} has no ${what} yet`);
  }
  if (!json) await tellCause(found, world);
  return EXIT.ok;
}

/** For a run that failed: the line that says why, which may be far from the end of its log, and what to do next. */
async function tellCause({ run, connection }: FoundRun, { err }: World): Promise<void> {
  const { verdict } = await readRunState(connection.host, run);
  if (verdict?.line === undefined || !isBad(verdict)) return;
  const advice = nextStep(verdict, await knownCause(verdict, run, connection.host));
  const rows = [
    `cause  ${verdict.step ?? 'job'}: ${verdict.line}`,
    ...(advice === undefined ? [] : [`next   ${advice}`]),
  ];
  err.write(`\n${rows.map((row) => `${plainText(row)}\n`).join('')}`);
}

/** Which logs are meant. @throws DynSlurmError `usage` where a role or a node is not one of the run's */
function wantedLogs(
  step: string | undefined,
  { role, node }: LogsOptions,
  outline: Outline | undefined,
  all: readonly LogFile[],
): (log: LogFile, only: boolean) => boolean {
  const roles = new Map((outline?.steps ?? []).map(({ name, role: its }) => [name, its]));
  const known = [...new Set([...roles.values()].filter((its) => its !== null))];
  if (role !== undefined && outline && !known.some((its) => its === role)) {
    throw new DynSlurmError('usage', `the run has no workers of role ${role}`, {
      hint: known.length === 0 ? 'it has no workers' : `its roles are ${known.join(', ')}`,
    });
  }
  const nodes = [...new Set(all.map((log) => log.node).filter((name) => name !== ''))];
  if (node !== undefined && nodes.length > 0 && !nodes.some((name) => sameNode(name, node))) {
    throw new DynSlurmError('usage', `the run has no log from node ${node}`, {
      hint: `its nodes are ${nodes.join(', ')}`,
    });
  }
  // The batch script's log repeats the events: it is shown when it is asked for, or is all there is.
  return (log, only) =>
    (step === undefined ? only || log.step !== JOB_LOG : isOf(log.step, step)) &&
    (role === undefined || (roles.get(log.step) ?? log.step.replace(/-\d+$/, '')) === role) &&
    (node === undefined || sameNode(log.node, node));
}

/** Until the run ends, or the interrupt. */
async function follow(found: FoundRun, printer: LogPrinter, world: World): Promise<number> {
  let running = true;
  const ended = untilEnd(found, world).finally(() => {
    running = false;
  });
  // Whoever waits for it below hears why it failed.
  ended.catch(() => {});
  while (running && !world.signal.aborted) {
    const count = await printer.readOn();
    await Promise.race([pause(INTERVAL + 2 * count, world.signal), ended]);
  }
  if (world.signal.aborted) return EXIT.interrupted;
  await printer.readOn();
  printer.finish();
  await ended;
  return EXIT.ok;
}

async function untilEnd(found: FoundRun, world: World): Promise<void> {
  const { signal } = world;
  const [report] = await reportRuns([found], world).catch((error: unknown) => {
    if (signal.aborted) return [];
    throw error;
  });
  if (report?.state.verdict) return;
  const { run, connection } = found;
  for await (const _ of watchRun(connection, { dir: run.dir, jobId: report?.jobId }, signal));
}
