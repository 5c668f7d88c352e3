import { readAround, readBench } from '../bench/read.ts';
import type { Host } from '../host/host.ts';
import type { GpuLog } from '../observe/gpu-log-files.ts';
import { knownCause } from '../observe/known-cause.ts';
import { hasMockEngines } from '../observe/mock-engines.ts';
import { recordedScrapes } from '../observe/service/recorded-file.ts';
import type { ObservedEvent } from '../run/events.ts';
import type { Run } from '../run/folder.ts';
import { shortName } from '../run/node-name.ts';
import type { PlanFile } from '../run/plan-file.ts';
import { stateAfter } from '../run/state.ts';
import { type GpuSeries, gpuSeries } from './gpu-series.ts';
import { LoadRecorder, type LoadSeries } from './load-series.ts';
import { addLogs } from './logged-load.ts';
import type { RunData } from './run-data.ts';

/** All that a report needs of a run; what is missing is absent. */
export async function readRunData(host: Host, run: Run): Promise<RunData> {
  const around = await readAround(host, run);
  const { events, plan, config, logs } = around;
  const sampled = await readLoad(host, logs.folder, served(events) / MOST_LOOKS);
  const state = stateAfter(events);
  const known = state.verdict && (await knownCause(state.verdict, run, host));
  const { load, starts } = await addLogs(host, { folder: logs, plan, events, load: sampled });
  return {
    run,
    events,
    state,
    ...(known && { known }),
    mock: hasMockEngines(run.job, events),
    ...(plan && { plan }),
    ...(config !== undefined && { config }),
    bench: await readBench(host, run, around),
    ...(load && { load }),
    starts,
    gpus: seriesOf(around.gpus, { plan, events }),
  };
}

/** Looks that are worth their time. */
const MOST_LOOKS = 1500;

/** Milliseconds from the first event to the last. */
function served(events: readonly ObservedEvent[]): number {
  const times = events.map(({ time }) => Date.parse(time)).filter((time) => !Number.isNaN(time));
  return times.length === 0 ? 0 : (times.at(-1) ?? 0) - (times[0] ?? 0);
}

async function readLoad(host: Host, folder: string, apart: number): Promise<LoadSeries | undefined> {
  const recorder = new LoadRecorder();
  for await (const scrape of recordedScrapes(host, folder, apart)) recorder.add(scrape);
  return recorder.series();
}

function seriesOf(
  logs: readonly GpuLog[],
  run: { readonly plan: PlanFile | undefined; readonly events: readonly ObservedEvent[] },
): readonly GpuSeries[] {
  return logs
    .filter(({ samples }) => samples.length > 0)
    .map(({ node, samples, started }) =>
      gpuSeries(node, rolesOf(node, run.plan, run.events), samples, started),
    );
}

/** The workers on a node, by its host name, which may be longer in one place than in the other. */
function rolesOf(
  node: string,
  plan: PlanFile | undefined,
  events: readonly ObservedEvent[],
): readonly string[] {
  const bound = events.findLast((event) => event.kind === 'nodes-bound');
  const index = bound?.nodes.find(({ host }) => shortName(host) === shortName(node))?.index;
  const workers = plan?.workers.filter(({ nodes }) => index !== undefined && nodes.includes(index)) ?? [];
  return [...new Set(workers.map(({ role }) => role))];
}
