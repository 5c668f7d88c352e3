import type { Arg } from '../argument.ts';
import { atLeast } from '../config/compat/release.ts';
import type { Job } from '../config/job.ts';
import { gpusPerNode, visibleDevices } from '../config/schema/gpu.ts';
import { withoutSecrets } from '../config/schema/secrets.ts';
import { usesDynamo } from '../config/schema/sections.ts';
import type { EngineCommand } from '../engines/engine.ts';
import { engineOf } from '../engines/engines.ts';
import { givenWords } from '../engines/managed.ts';
import type { PlacedWorker } from '../engines/worker.ts';
import { userEnvironment } from './environment.ts';
import { insideSelf } from './exposure.ts';
import { memoryWords } from './gpu-share.ts';
import { portPart, portWord } from './movable-ports.ts';
import type { SecretSource } from './plan.ts';

export interface WorkerCommand extends EngineCommand {
  readonly secrets: Readonly<Record<string, SecretSource>>;
}

/** What the nodes of a worker run. */
export function workerCommand(job: Job, worker: PlacedWorker): WorkerCommand {
  const { role, config } = worker;
  const engine = engineOf(job, config);
  const { args, variables } = withoutSecrets(role, config.args);
  const settings = engine.settings({ args, env: config.env }, role, job);
  const { env, secrets } = userEnvironment(settings.env, variables);
  const command =
    role === 'router'
      ? { argv: [...routerWords(job, worker), ...givenWords(engine, settings.args, worker)], env: {} }
      : engine.command({ job, worker, settings, port: (use, port) => portPart(use, port, job) });
  return {
    ...command,
    argv: [...command.argv, ...memoryWords(job, worker)],
    env: { ...workerEnvironment(job, worker, command.env), ...env },
    secrets,
  };
}

/** A router of its own, which picks prefill workers. */
function routerWords({ dynamo }: Job, { config }: PlacedWorker): readonly Arg[] {
  const endpoint = `${dynamo.namespace}.prefill.generate`;
  return ['python3', '-m', config.module ?? 'dynamo.router', '--endpoint', endpoint];
}

/** Environment of a worker, with its engine's `own`, beside that of every process of the service. */
function workerEnvironment(
  job: Job,
  { gpus, ports, share }: PlacedWorker,
  own: EngineCommand['env'],
): Readonly<Record<string, Arg>> {
  const perNode = gpusPerNode(job.gpu, job.cluster) ?? 0;
  const partOfNode = gpus.length > 0 && (gpus.length < perNode || share !== undefined);
  const dynamo = usesDynamo(job);
  return {
    ...(dynamo && {
      DYN_NAMESPACE: job.dynamo.namespace,
      DYN_SYSTEM_HOST: [insideSelf(job)],
      DYN_SYSTEM_PORT: portWord('system', ports.system, job),
    }),
    ...own,
    // From 0.7 on the port alone opens the system server, and this only gives a warning.
    ...(dynamo && !atLeast(job.dynamo.version, '0.7') && { DYN_SYSTEM_ENABLED: 'true' }),
    ...(partOfNode && { [visibleDevices(job.gpu)]: gpus.join(',') }),
  };
}
