import { DynSlurmError } from '../../../errors.ts';
import { endpointsOf } from '../../../observe/service/endpoints.ts';
import { scrapeTargets } from '../../../observe/service/scrape-targets.ts';
import { readRunLog } from '../../../run/event-log.ts';
import { readPlan } from '../../../run/plan-file.ts';
import { stateAfter } from '../../../run/state.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';

/**
 * The targets of a run for Prometheus' file_sd_configs, at the addresses and ports that its latest attempt has.
 * @throws DynSlurmError `usage` where its nodes are not known yet
 */
export async function scrapeFile({ run, connection }: Pick<FoundRun, 'run' | 'connection'>): Promise<string> {
  const { host } = connection;
  const [{ events }, plan] = await Promise.all([readRunLog(host, run), readPlan(host, run)]);
  const endpoints = endpointsOf(plan, stateAfter(events));
  if (endpoints === undefined) {
    throw new DynSlurmError('usage', `run ${run.id} has no nodes yet`, {
      hint: `see \`dyn-slurm status ${run.id}\`; its targets are known once it runs`,
    });
  }
  return `${JSON.stringify(scrapeTargets(run.id, endpoints), null, 2)}\n`;
}
