import { EXIT } from '../../../errors.ts';
import { elapsed } from '../../../format.ts';
import type { HostFile } from '../../../host/host.ts';
import type { Plan } from '../../../plan/plan.ts';
import { createRun, type Run } from '../../../run/folder.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import { allocateCommand } from '../../../scheduler/salloc-argv.ts';
import { type Connection, connect } from '../../runs/cluster/connect.ts';
import { fitRunsDir, runsDirOf } from '../../runs/cluster/runs-dir.ts';
import { type LoadOptions, loadSource, readConfig, type ValidJob, validJob } from '../../runs/config/load.ts';
import { excludedText, exclusion } from '../../runs/nodes/ledger.ts';
import { type Borrowed, borrowed, jobToAdopt } from '../../runs/session/borrow.ts';
import { sessionFiles } from '../../runs/session/command-text.ts';
import { noteSession } from '../../runs/session/lookup.ts';
import { bundleOf } from '../../runs/submit/bundle.ts';
import { type Origin, originOf } from '../../runs/submit/origin.ts';
import { readSecrets } from '../../runs/submit/secrets.ts';
import type { World } from '../../world.ts';
import { waitForAllocation } from '../watch/waiting.ts';
import { continueSession } from './attach.ts';
import { showOpening } from './opening.ts';
import type { RunCommand } from './prompt.ts';

export interface AllocateOptions extends LoadOptions {
  /** Instead of the config's slurm.time. */
  readonly time?: string;
  /** A job to use, or true for the one that this shell is in; false: always a new one. */
  readonly adopt?: string | boolean;
  /** false: start none yet. */
  readonly workers?: boolean;
  /** false: end when the service is ready. */
  readonly prompt?: boolean;
  readonly json?: boolean;
}

/** `dyn-slurm allocate CONFIG`: takes an allocation once, brings the service up in it, and gives a prompt. */
export async function allocate(
  file: string,
  options: AllocateOptions,
  run: RunCommand,
  world: World,
): Promise<number> {
  const loaded = await loadTimed(file, options, world);
  if (loaded === undefined) return EXIT.config;
  const plan: Plan = { ...loaded.plan, mode: 'session' };
  const connection = connect(plan.cluster, world);
  const adopted = jobToAdopt(options, connection, world);
  const taken = adopted && (await borrowed(adopted, plan, connection, world));
  const runsDir = await connection.host.resolve(runsDirOf(plan.cluster, world));
  const made = createRun(fitRunsDir(runsDir, plan), plan.name, world.randomHex(3));
  await makeFolder(made, loaded, plan, options, connection, world);
  const origin = await originOf(file, world);
  const excluded = await exclusion(plan, world);
  if (!taken && !options.json) world.err.write(excludedText(excluded));
  const session = taken
    ? await settle(made, taken, { plan, origin }, connection, options, world)
    : await noteSession(
        made,
        ...(await waitForAllocation(
          made,
          allocateCommand(made, plan.directives, excluded.given),
          connection,
          options,
          world,
        )),
        connection,
        world,
        origin,
      );
  const { code, over } = await showOpening(session, plan, options, world);
  return over ? code : continueSession(session, { ...options, code }, run, world);
}

async function loadTimed(
  file: string,
  { time, ...options }: AllocateOptions,
  world: World,
): Promise<ValidJob | undefined> {
  const config = await readConfig(file, world);
  const overlay = { file: '--time', text: `slurm:\n  time: ${time}\n` };
  return validJob(
    await loadSource({ config, ...(time !== undefined && { overlay }) }, options, world),
    world,
  );
}

/** The bundle of a session, and the command that starts its workers. */
async function makeFolder(
  { dir }: Run,
  loaded: ValidJob,
  plan: Plan,
  { workers = true }: AllocateOptions,
  { host }: Connection,
  world: World,
): Promise<void> {
  const { files } = await bundleOf(loaded, plan, world);
  const own = sessionFiles(plan, { workers });
  const secrets = await readSecrets(plan, world);
  await host.writeFiles(dir, new Map<string, HostFile>([...files, ...own, ...secrets]));
}

function settle(
  run: Run,
  { jobId, hosts, left, owned }: Borrowed,
  { plan: { timeLimit }, origin }: { readonly plan: Plan; readonly origin: Origin },
  connection: Connection,
  { json }: AllocateOptions,
  world: World,
) {
  if (!json) {
    const number = jobNumber(jobId);
    const after = owned ? 'an earlier session has taken' : 'goes on when this session ends';
    world.err.write(`using job ${number}, which ${after}\n`);
    if (left !== undefined && left < timeLimit) {
      const [has, asks] = [left, timeLimit].map((seconds) => elapsed(seconds * 1000));
      world.err.write(`warning: job ${number} ends in ${has}; the config asks for ${asks}\n`);
    }
  }
  const session = { allocation: owned ? 'owned' : 'borrowed', hosts } as const;
  return noteSession(run, { jobId }, session, connection, world, origin);
}
