import { join } from 'node:path';
import { count } from '../../../config/text/plural.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import { ENGINE_NAMES } from '../../../rehearsal/engines/catalog.ts';
import { enginePlace, findEngine } from '../../../rehearsal/engines/place.ts';
import { adoptImage, containerRuntime } from '../../../rehearsal/machine/container.ts';
import { ownPython } from '../../../rehearsal/machine/engine-python.ts';
import { nodeEngineVariables } from '../../../rehearsal/slurm/engine.ts';
import { gpuClaims, gpuVariables } from '../../../rehearsal/slurm/gpu-claims.ts';
import { containerVariables } from '../../../rehearsal/slurm/node-container.ts';
import { findTools, toolsPlace } from '../../../rehearsal/tools/tools.ts';
import { createRun } from '../../../run/folder.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import { submitRequest } from '../../../scheduler/slurm-argv.ts';
import { connectLocally, LOCAL } from '../../runs/cluster/connect.ts';
import type { ValidJob } from '../../runs/config/load.ts';
import { bundleOf } from '../../runs/submit/bundle.ts';
import { originOf } from '../../runs/submit/origin.ts';
import { sendJob } from '../../runs/submit/send.ts';
import { jsonLine } from '../../sink.ts';
import type { World } from '../../world.ts';
import type { ConfigOptions } from '../options.ts';
import { setup } from '../rehearse/setup.ts';
import { loadFitting } from './fitting.ts';
import { stayWith } from './foreground.ts';
import { freeGpus } from './free-gpus.ts';

export interface ServeOptions extends ConfigOptions {
  /** Return once the service has been started, and leave it running. */
  readonly detach?: boolean;
  /** Start its steps in this image, as `container.image` of the config. */
  readonly image?: string;
  /** Follow it until it ends, as `submit --watch` does, whose Ctrl-C leaves it running. */
  readonly watch?: boolean;
}

/** `dyn-slurm serve CONFIG`: the same bundle on this machine's GPUs, without Slurm. The exit code. */
export async function serve(file: string, options: ServeOptions, world: World): Promise<number> {
  requireLocal(options);
  const { image } = options;
  const runtime = containerRuntime(world.env);
  if (image !== undefined && runtime === undefined)
    throw new DynSlurmError('preflight', `--image ${image}: this machine has neither enroot nor docker`, {
      hint: 'install one of them, or leave the option out to serve with an engine of this machine',
    });
  const set = [...(options.set ?? []), ...(image === undefined ? [] : [`container.image=${image}`])];
  const local = { ...options, set, cluster: LOCAL };
  // Each step has a container of its own: the image is unpacked already.
  const profile = runtime ? 'container_runtime: pyxis\nshared_container: false\n' : '';
  const connection = connectLocally(world, {});
  const here = await freeGpus(gpuClaims({ dir: connection.standIn }), world, profile);
  const jobs = await loadFitting(file, local, here, world);
  if (jobs === undefined) return EXIT.config;
  const [job, ...others] = jobs;
  if (others.length > 0)
    throw new DynSlurmError('usage', `${file} has ${jobs.length} variants, and this machine serves one`, {
      hint: `name one, as --variant ${job.variant}`,
    });
  return start(job, here.gpus, options, world);
}

function requireLocal({ cluster }: ServeOptions): void {
  if (cluster === undefined || cluster === LOCAL) return;
  throw new DynSlurmError('usage', `--cluster ${cluster}: serve runs on this machine`, {
    hint: '`dyn-slurm submit` submits to a cluster',
  });
}

/** The Python that runs the engine: that of an environment of dyn-slurm's, else the machine's own. */
async function pythonOf({ engine, frontend }: ValidJob['plan'], world: World): Promise<string> {
  const known = ENGINE_NAMES.find((name) => name === engine);
  const installed = known && findEngine(enginePlace(known, world));
  return installed?.python ?? ownPython(engine, frontend === 'dynamo', world);
}

/** Starts a job that fits, on GPUs that are free. */
async function start(
  job: ValidJob,
  gpus: Parameters<typeof gpuVariables>[0],
  options: ServeOptions,
  world: World,
): Promise<number> {
  const { plan } = job;
  const image = plan.contained ? plan.image?.name : undefined;
  const runtime = image === undefined ? undefined : containerRuntime(world.env);
  const python = runtime ? '/usr/bin/python3' : await pythonOf(plan, world);
  if (findTools(toolsPlace(world)) === undefined) {
    world.err.write('installing etcd, NATS and nginx\n');
    const code = await setup({}, { ...world, out: world.err });
    if (code !== EXIT.ok) return code;
  }
  const cache = join(toolsPlace(world).cache, 'images');
  const container =
    image !== undefined && runtime ? await adoptImage(image, runtime, cache, world) : undefined;
  const connection = connectLocally(world, {
    ...nodeEngineVariables({ kind: 'real', python }),
    ...gpuVariables(gpus),
    ...containerVariables(container),
  });
  const run = createRun(connection.runsDir, plan.name, world.randomHex(3));
  const { files } = await bundleOf(job, plan, world);
  const request = submitRequest(run, files, [], plan.commandLine);
  const origin = { ...(await originOf(job.path, world)), engine: 'real' as const };
  const sent = await sendJob(request, run, plan, connection, world, origin);
  const { gpus: used, workers } = plan;
  if (options.watch) {
    const { showChains } = await import('../watch/watch.ts');
    return showChains([[sent.run]], connection, options, world);
  }
  if (options.detach) {
    const { id, dir } = sent.run;
    const text = `started ${id} as job ${jobNumber(sent.jobId)}\n  folder  ${dir}\n  watch   dyn-slurm watch ${id}\n  end     dyn-slurm cancel ${id}\n`;
    const facts = { run: id, jobId: sent.jobId, cluster: LOCAL, dir };
    world.out.write(options.json ? jsonLine(facts) : text);
    return EXIT.ok;
  }
  const size = `${count(used.total, 'GPU')} of this machine, ${count(workers.length, 'worker')}`;
  if (!options.json) world.err.write(`serving ${sent.run.id} on ${size}\n`);
  return stayWith(sent, connection, options, world);
}
