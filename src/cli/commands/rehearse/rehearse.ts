import { count } from '../../../config/text/plural.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import type { Plan } from '../../../plan/plan.ts';
import { cpuVariables } from '../../../rehearsal/cpu.ts';
import { type Fault, parseFault } from '../../../rehearsal/fault.ts';
import { benchObstacle, type RehearsalEngine, rehearsable } from '../../../rehearsal/rehearsable.ts';
import { findTools, toolsPlace } from '../../../rehearsal/tools/tools.ts';
import { createRun } from '../../../run/folder.ts';
import { submitRequest } from '../../../scheduler/slurm-argv.ts';
import { connectLocally } from '../../runs/cluster/connect.ts';
import { loadValidJob, loadValidSource, type ValidJob } from '../../runs/config/load.ts';
import { bundleOf } from '../../runs/submit/bundle.ts';
import { originOf } from '../../runs/submit/origin.ts';
import { sendJob } from '../../runs/submit/send.ts';
import type { World } from '../../world.ts';
import { rehearsedQuestions } from './questions.ts';
import { type RehearseOptions, runRehearsal } from './run-rehearsal.ts';
import { setup } from './setup.ts';

/** Runs a job's bundle on this machine: real services and frontends, mock engines, a stand-in for Slurm. */
export async function rehearse(file: string, options: RehearseOptions, world: World): Promise<number> {
  const speedup = readSpeedup(options.speedup);
  const faults = (options.fault ?? []).map(parseFault);
  const whole = await loadRehearsed(file, { ...options, anywhere: true }, world);
  if (whole === undefined) return EXIT.config;
  const leftOut = benchObstacle(whole.plan.bench?.config, world.cwd, world.env.PATH);
  const loaded = leftOut === undefined ? whole : await withoutBench(whole, options, leftOut, world);
  const { plan } = loaded;
  refuseUnfit(plan, faults, options.engine);
  const onCpu = options.engine === 'cpu' ? cpuVariables(plan, world) : {};
  if (findTools(toolsPlace(world)) === undefined) {
    world.err.write('installing the tools that rehearsals need\n');
    const code = await setup({}, { ...world, out: world.err });
    if (code !== EXIT.ok) return code;
  }
  const connection = connectLocally(world, {
    DYN_SLURM_SPEEDUP: String(speedup),
    DYN_SLURM_STANDIN_FAULTS: JSON.stringify(options.fault ?? []),
    ...onCpu,
    ...(options.setup && { DYN_SLURM_REHEARSAL_SETUP: '1' }),
  });
  const run = createRun(connection.runsDir, plan.name, world.randomHex(3));
  const { files } = await bundleOf(loaded, plan, world);
  const request = submitRequest(run, files, [], plan.commandLine);
  const origin = await originOf(loaded.path, world);
  // An interrupt, too, has to leave a tidy machine.
  const release = world.holdEnd();
  try {
    const sent = await sendJob(request, run, plan, connection, world, origin);
    const { nodes, gpus, workers } = plan;
    const size = `${count(nodes.length, 'node')} × ${gpus.perNode} ${gpus.model}, ${count(workers.length, 'worker')}`;
    if (!options.json)
      world.err.write(
        `rehearsing ${run.id}: ${size}, ${options.engine === 'cpu' ? 'an engine on the CPU' : 'mock engines'}\n`,
      );
    return await runRehearsal({ ...sent, faults, connection, plan, leftOut }, options, world);
  } finally {
    release();
  }
}

/** The job, with questions that can be asked here. */
async function loadRehearsed(
  file: string,
  options: RehearseOptions,
  world: World,
): Promise<ValidJob | undefined> {
  const loaded = await loadValidJob(file, options, world);
  const questions = rehearsedQuestions(loaded?.plan.bench?.config, world);
  if (loaded === undefined || questions === undefined) return loaded;
  if (!options.json)
    world.err.write(
      'bench.accuracy: a few made-up questions take the place of the data set; mock engines answer with random text, so accuracy is not judged\n',
    );
  const config = { file: loaded.file, text: loaded.text };
  // What is wrong with the config has been said.
  const asked = await loadValidSource({ config, overlay: questions }, options, world, () => false);
  return asked && { ...loaded, plan: asked.plan, text: asked.text };
}

function readSpeedup(text = '10'): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new DynSlurmError('usage', `--speedup ${text} is not a number above 0`, {
    hint: '1 is the speed of a real engine; the default is 10',
  });
}

/** The job without its benchmark, which cannot run here. @throws DynSlurmError `config` where the config names its program */
async function withoutBench(
  whole: ValidJob,
  options: RehearseOptions,
  why: string,
  world: World,
): Promise<ValidJob> {
  const config = { file: whole.file, text: whole.text };
  const overlay = { file: 'rehearsal', text: 'bench: null\n' };
  const loaded =
    whole.plan.bench?.config.program === undefined
      ? await loadValidSource({ config, overlay }, { ...options, anywhere: true }, world, () => false)
      : undefined;
  if (loaded === undefined)
    throw new DynSlurmError('config', `bench: ${why}`, {
      hint: 'install the tool on this machine, and set `bench.program` to the command that starts it; or rehearse with type builtin',
    });
  if (!options.json) world.err.write(`rehearsing without the benchmark: ${why}\n`);
  return { ...whole, plan: loaded.plan, text: loaded.text };
}

function refuseUnfit(plan: Plan, faults: readonly Fault[], engine?: RehearsalEngine): void {
  const obstacle = rehearsable(plan, engine);
  if (obstacle) {
    const { path, message, hint } = obstacle;
    throw new DynSlurmError('config', `${path.at(-1)}: ${message}`, hint === undefined ? {} : { hint });
  }
  for (const { step, rank } of faults) {
    const planned = plan.steps.find(({ name }) => name === step);
    if (planned === undefined) {
      throw new DynSlurmError('usage', `--fault: there is no step ${step}`, {
        hint: `this job has ${plan.steps.map(({ name }) => name).join(', ')}`,
      });
    }
    if (rank >= planned.nodes.length) {
      throw new DynSlurmError('usage', `--fault: ${step} has no rank ${rank}`, {
        hint: `its ranks go from 0 to ${planned.nodes.length - 1}`,
      });
    }
  }
}
