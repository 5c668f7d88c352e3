import { containerOf, type Job } from '../config/job.ts';
import type { Role } from '../config/schema/role.ts';
import type { SetupConfig } from '../config/schema/setup.ts';
import { setupsOf } from '../config/setup.ts';

/** What a step runs on each of its nodes before its command. */
export interface PlannedSetup {
  /** Its path in the config, and the name of its file in `steps`: `setup`, `decode.setup`. */
  readonly name: string;
  /** Which other steps of a node see what it changes, as templates/setup.sh has it. */
  readonly mode: 'apart' | 'shared' | 'node';
  /** Seconds. */
  readonly deadline: number;
  /** Commands of bash, or the text of a script; neither where the run folder has the script already. */
  readonly commands?: readonly string[];
  readonly script?: string;
}

/** The setups of a step: that of the whole job, then the owner's. */
export function stepSetups(
  job: Job,
  owner: Role | 'frontend',
): { readonly setups?: readonly PlannedSetup[] } {
  const setups = setupsOf(job, owner).map(([path, config]) => plannedSetup(path.join('.'), config, job));
  return setups.length > 0 ? { setups } : {};
}

function plannedSetup(name: string, config: SetupConfig, job: Job): PlannedSetup {
  const { commands, script, deadline, once } = config;
  // Steps on the host share its file system.
  const shared = job.cluster.shared_container || containerOf(job, job.cluster) === undefined;
  const file = job.scripts?.get(script ?? '');
  return {
    name,
    mode: once === 'node' ? 'node' : shared ? 'shared' : 'apart',
    deadline,
    ...(commands && { commands }),
    ...(file !== undefined && 'text' in file && { script: file.text }),
  };
}
