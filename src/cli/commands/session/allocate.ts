import { EXIT } from '../../../errors.ts';
import { elapsed } from '../../../format.ts';
import type { HostFile } from '../../../host/host.ts';
import type { Plan } from '../../../plan/plan.ts';
import { createRun, type SessionFacts } from '../../../run/folder.ts';
import { type JobId, jobNumber } from '../../../scheduler/job-id.ts';
import { allocateCommand } from '../../../scheduler/salloc.ts';
import { connect } from '../../runs/cluster/connect.ts';
import { fitRunsDir, runsDirOf } from '../../runs/cluster/runs-dir.ts';
import { loadValidJob } from '../../runs/config/load.ts';
import { excludedText, exclusion } from '../../runs/nodes/ledger.ts';
import { type Borrowed, borrowed, jobToAdopt } from '../../runs/session/borrow.ts';
import { sessionFiles } from '../../runs/session/command-text.ts';
import { noteSession } from '../../runs/session/lookup.ts';
import { bundleOf } from '../../runs/submit/bundle.ts';
import { originOf } from '../../runs/submit/origin.ts';
import { readSecrets } from '../../runs/submit/secrets.ts';
import type { World } from '../../world.ts';
import type { ConfigOptions } from '../options.ts';
import { continueSession } from './attach.ts';
import { showOpening } from './opening.ts';
import type { RunCommand } from './prompt.ts';
import { waitForAllocation } from './waiting.ts';

export interface AllocateOptions extends ConfigOptions {
  /** Instead of the config's slurm.time. */
  readonly time?: string;
  /** A job to use, or true for the one that this shell is in; false: always a new one. */
  readonly adopt?: string | boolean;
  /** false: start none yet. */
  readonly workers?: boolean;
  /** false: end when the service is ready. */
  readonly prompt?: boolean;
}

/** `dyn-slurm allocate CONFIG`: takes an allocation once, brings the service up in it, and gives a prompt. */
export const allocateWith =
  (run: RunCommand) =>
  async (file: string, options: AllocateOptions, world: World): Promise<number> => {
    const { time, json, workers = true } = options;
    const overlay = { file: '--time', text: `slurm:\n  time: ${time}\n` };
    const loaded = await loadValidJob(file, options, world, time === undefined ? undefined : overlay);
    if (loaded === undefined) return EXIT.config;
    const plan: Plan = { ...loaded.plan, mode: 'session' };
    const connection = connect(plan.cluster, world);
    const { host } = connection;
    const adopted = jobToAdopt(options, connection, world);
    const taken = adopted && (await borrowed(adopted, plan, connection, world));
    const runsDir = await host.resolve(runsDirOf(plan.cluster, world));
    const made = createRun(fitRunsDir(runsDir, plan), plan.name, world.randomHex(3));
    const { files } = await bundleOf(loaded, plan, world);
    const [own, secrets] = [sessionFiles(plan, { workers }), await readSecrets(plan, world)];
    await host.writeFiles(made.dir, new Map<string, HostFile>([...files, ...own, ...secrets]));
    const origin = await originOf(loaded.path, world);
    const excluded = await exclusion(plan, world);
    if (!json) world.err.write(taken ? takenText(taken, plan) : excludedText(excluded));
    const argv = allocateCommand(made, plan.directives, excluded.given);
    const [job, facts] = taken
      ? settled(taken)
      : await waitForAllocation(made, argv, connection, options, world);
    const session = await noteSession(made, job, facts, connection, world, origin);
    const { code, over } = await showOpening(session, plan, options, world);
    return over ? code : continueSession(session, { ...options, code }, run, world);
  };

function settled({ jobId, hosts, owned }: Borrowed): readonly [{ readonly jobId: JobId }, SessionFacts] {
  return [{ jobId }, { allocation: owned ? 'owned' : 'borrowed', hosts }];
}

function takenText({ jobId, left, owned }: Borrowed, { timeLimit }: Plan): string {
  const number = jobNumber(jobId);
  const after = owned ? 'an earlier session has taken' : 'continues when this session ends';
  const using = `using job ${number}, which ${after}\n`;
  if (left === undefined || left >= timeLimit) return using;
  const [has, asks] = [left, timeLimit].map((seconds) => elapsed(seconds * 1000));
  return `${using}warning: job ${number} ends in ${has}; the config requests ${asks}\n`;
}
