import { DynSlurmError } from '../../errors.ts';
import { movedPorts } from '../../observe/service/moved-ports.ts';
import { placesOf, readPlannedService } from '../../observe/service/places.ts';
import { scrapeTargets } from '../../observe/service/scrape-targets.ts';
import { readRunLog } from '../../run/event-log.ts';
import { stateAfter } from '../../run/state.ts';
import type { FoundRun } from '../run/lookup.ts';

/**
 * The targets of a run for Prometheus' file_sd_configs, at the addresses and ports that its latest attempt has.
 * @throws DynSlurmError `usage` where its nodes are not known yet
 */
export async function scrapeFile({ run, connection }: Pick<FoundRun, 'run' | 'connection'>): Promise<string> {
  const { host } = connection;
  const [{ events }, planned] = await Promise.all([readRunLog(host, run), readPlannedService(host, run)]);
  const { bound } = stateAfter(events);
  if (bound === undefined || planned === undefined) {
    throw new DynSlurmError('usage', `run ${run.id} has no nodes yet`, {
      hint: `see \`dyn-slurm status ${run.id}\`; its targets are known once it runs`,
    });
  }
  const started = events.findLastIndex(({ kind }) => kind === 'job-started');
  const moved = events
    .slice(started + 1)
    .reduce(movedPorts, new Map<number, number>() as ReadonlyMap<number, number>);
  return `${JSON.stringify(scrapeTargets(run.id, placesOf(planned, bound.nodes, moved)), null, 2)}\n`;
}
