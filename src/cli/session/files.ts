import { join } from 'node:path';
import type { Job } from '../../config/job.ts';
import { customBench } from '../../config/schema/bench.ts';
import type { HostFile } from '../../host/host.ts';
import { benchSteps } from '../../plan/bench-step.ts';
import type { Plan, Step } from '../../plan/plan.ts';
import { withSrun } from '../../plan/step.ts';
import type { Bundle } from '../../render/bundle.ts';
import { sessionFiles } from '../../render/session.ts';
import type { World } from '../world.ts';
import { commandText } from './command.ts';

/** Sorts before the ids of commands that people give. */
const FIRST = '00000000000000-allocate';

/** What a session's run folder has beside the bundle, the command that starts its workers among it. */
export async function sessionFilesOf(
  job: Job,
  plan: Plan,
  { workers, bundle }: { readonly workers: boolean; readonly bundle: Bundle },
  world: World,
): Promise<ReadonlyMap<string, HostFile>> {
  const read = (name: string) => world.readFile(join(world.packageRoot, 'templates', name));
  const [session, lib, step] = await Promise.all(
    ['session.sh.hbs', 'lib/session.sh', 'step.sh.hbs'].map(read),
  );
  if (session === undefined || lib === undefined || step === undefined)
    throw new Error('a template is missing');
  const files = sessionFiles(plan, benchOf(job, plan), bundle.files, { session, lib, step });
  if (!workers) return files;
  const text = commandText({ verb: 'start', steps: plan.workers.map(({ name }) => ({ name })) }, 'allocate');
  return new Map([...files, [`session/${FIRST}.command`, { text, mode: 0o600 }]]);
}

/** The config's benchmark; without one that runs in a job, a step that `dyn-slurm bench` gives its command. */
function benchOf(job: Job, plan: Plan): Step {
  const env = job.bench?.env;
  const [step] = [
    ...benchSteps(job, plan.entry),
    ...benchSteps({ ...job, bench: customBench(NONE, env) }, plan.entry),
  ];
  if (step === undefined) throw new Error('a job with a benchmark has its step');
  return withSrun(step, job);
}

const NONE = 'echo "the config has no benchmark" >&2; exit 2';
