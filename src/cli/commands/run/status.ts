import { count } from '../../../config/text/plural.ts';
import { EXIT } from '../../../errors.ts';
import { knownCause } from '../../../observe/known-cause.ts';
import { removeLeftSecrets } from '../../../observe/left-secrets.ts';
import { isServing } from '../../../run/state.ts';
import { cancellingUid } from '../../runs/cancelled-by.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import { exitOfRuns } from '../../runs/exit.ts';
import { askingFor, distantClusters, lookUpEach, lookUpRuns } from '../../runs/lookup.ts';
import { markedNodes, marksText } from '../../runs/marked-nodes.ts';
import { noteBadNodes } from '../../runs/nodes/ledger.ts';
import { type RunReport, reportRuns } from '../../runs/report.ts';
import { jsonText } from '../../sink.ts';
import { benchedEnd, benchLines } from '../../views/bench-text.ts';
import { runJson, runsTable, runText } from '../../views/run-text.ts';
import type { World } from '../../world.ts';
import { wrapped } from '../../wrap.ts';
import type { RunOptions } from '../options.ts';

export interface StatusOptions extends RunOptions {
  /** How many runs at most; by default 20. */
  readonly limit?: number;
  /** Whether to list all runs. */
  readonly all?: boolean;
}

/** Runs in the table. */
const MOST_RUNS = 20;

/** `dyn-slurm status [RUN]`: one run in full; those of a group, or the recent ones, as a table. */
export async function status(
  query: string | undefined,
  options: StatusOptions,
  world: World,
): Promise<number> {
  if (query === undefined) return statusOfAll(options, world);
  const found = await lookUpEach([query], options, world);
  const [one, ...others] = found;
  if (one === undefined || others.length > 0) return statusOfGroup(found, options, world);
  return statusOfOne(one, options, world);
}

/** Runs that were submitted together, and what each has measured; exits as the first that did not end well. */
async function statusOfGroup(
  found: readonly FoundRun[],
  options: StatusOptions,
  world: World,
): Promise<number> {
  const reports = await reportRuns(found, world);
  for (const report of reports) await noteBadNodes(report, report.state, world);
  const ends = await Promise.all(
    reports.map(({ run, connection, state }) => benchedEnd(connection.host, run, state, world.page)),
  );
  if (options.json) {
    const runs = reports.map((report, index) => ({
      ...runJson(report, world.now()),
      bench: ends[index]?.results ?? [],
    }));
    world.out.write(jsonText(runs));
  } else {
    world.out.write(runsTable(reports, world.now(), world.page));
    const measured = reports.map(({ run }, index) =>
      (ends[index]?.results ?? [])
        .filter(({ points }) => points.length > 0)
        .map((result) => `${run.id}\n${benchLines(result)}`)
        .join(''),
    );
    world.out.write(wrapped(measured.join(''), world.page.width));
  }
  if (reports.some(({ unreachable }) => unreachable)) return EXIT.connection;
  return exitOfRuns(reports.map((report, index) => ({ ...report, code: ends[index]?.code ?? EXIT.ok })));
}

/** Exits as the run did, so that scripts can tell. */
async function statusOfOne(found: FoundRun, options: StatusOptions, world: World): Promise<number> {
  const [plain] = await reportRuns([found], world);
  if (plain === undefined) return EXIT.ok;
  if (plain.state.verdict?.inferred) await removeLeftSecrets(plain.connection.host, plain.run.dir);
  const report = await inFull(plain, world);
  const { run, connection, state, signature, load } = report;
  const marks = await markedNodes(report, world);
  await noteBadNodes(report, state, world, signature);
  const { code, results } = await benchedEnd(connection.host, run, state, world.page);
  if (options.json) {
    const { time: _, workers: __, ...figures } = load ?? {};
    const more = { nodeMarks: marks, load: load ? figures : null, bench: results };
    world.out.write(jsonText({ ...runJson(report, world.now()), ...more }));
  } else {
    const parts = [runText(report, world.now(), world), marksText(marks), ...results.map(benchLines)];
    world.out.write(wrapped(parts.join(''), world.page.width));
  }
  return report.unreachable ? EXIT.connection : code;
}

const currentLoad = async () => (await import('../../../observe/service/current-load.ts')).currentLoad;

/** With what takes a moment: a call of sacct, a look into logs, a question to the service. Only for one run at a time. */
async function inFull(report: RunReport, world: World): Promise<RunReport> {
  const { state, jobId, run, connection } = report;
  const { verdict } = state;
  const { host } = connection;
  const cancelledBy = verdict && jobId && (await cancellingUid(verdict, jobId, connection, world));
  const signature = verdict && (await knownCause(verdict, run, host));
  const load = isServing(state) && (await (await currentLoad())(host, run, world.signal));
  return {
    ...report,
    ...(cancelledBy !== undefined && { cancelledBy }),
    ...(signature && { signature }),
    ...(load && { load }),
  };
}

async function statusOfAll(options: StatusOptions, world: World): Promise<number> {
  const all = await lookUpRuns(options, world);
  const reports = await reportRuns(options.all ? all : all.slice(0, options.limit ?? MOST_RUNS), world);
  for (const report of reports) await noteBadNodes(report, report.state, world);
  const distant = await distantClusters(options, world);
  if (options.json) world.out.write(jsonText(reports.map((report) => runJson(report, world.now()))));
  else if (reports.length === 0) {
    world.err.write('there are no runs yet; `dyn-slurm submit CONFIG` starts one\n');
  } else {
    world.out.write(runsTable(reports, world.now(), world.page));
    const more = all.length - reports.length;
    if (more > 0) world.err.write(`and ${count(more, 'older run')}: see --limit and --all\n`);
  }
  if (distant.length > 0) world.err.write(`runs of remote clusters: ${askingFor(distant)}\n`);
  return reports.some(({ unreachable }) => unreachable) ? EXIT.connection : EXIT.ok;
}
