import { type Arg, LOCAL_DIR, nodeIp, type Placeholder } from '../argument.ts';
import { releasesOf } from '../config/compat/engine-table.ts';
import { hasPlanes } from '../config/compat/planes.ts';
import type { Job } from '../config/job.ts';
import { withoutSecrets } from '../config/schema/secrets.ts';
import { usesDynamo } from '../config/schema/sections.ts';
import type { PlacedWorker } from '../engines/worker.ts';
import type { WorkerServer } from '../frontends/frontend.ts';
import { frontendOf } from '../frontends/frontends.ts';
import { ownImage } from './container.ts';
import { serviceEnvironment, userEnvironment } from './environment.ts';
import { reachedAt } from './exposure.ts';
import { portPart, portWord } from './movable-ports.ts';
import type { PlacedFrontend } from './placement.ts';
import type { Plan, Port, StepBody } from './plan.ts';
import { frontendPorts, portOf } from './ports.ts';
import { stepSetups } from './setup.ts';
import { stepOf } from './step-body.ts';

/** The frontends and, where there are several, nginx before them on the head node. `workers`: with their steps. */
export function frontendSteps(
  job: Job,
  frontends: readonly PlacedFrontend[],
  workers: readonly (readonly [PlacedWorker, StepBody])[],
): readonly StepBody[] {
  const servers = workers.flatMap(([worker, step]) => serversOf(worker, step, job));
  const steps = frontends.flatMap((placed) => frontend(job, placed, servers));
  return steps.length > 1 ? [...steps, nginx(job)] : steps;
}

function frontend(
  job: Job,
  { name, node, port, secondPort }: PlacedFrontend,
  servers: readonly WorkerServer[],
): readonly StepBody[] {
  const kind = frontendOf(job);
  if (kind.command === undefined) return [];
  const { args, variables } = withoutSecrets('frontend', job.frontend.args);
  const settings = kind.settings({ args, env: job.frontend.env }, releasesOf(job));
  const { env, secrets } = userEnvironment(settings.env, variables);
  const command = kind.command({
    ...{ job, node, settings, servers },
    port: portPart('frontend', port, job),
    metricsPort: portPart('router-metrics', secondPort, job),
  });
  return [
    stepOf({
      name,
      kind: 'frontend',
      nodes: [node],
      argv: command.argv,
      env: {
        ...serviceEnvironment(job),
        ...(usesDynamo(job) &&
          hasPlanes(job) && { DYN_TCP_RESPONSE_STREAM_PORT: portWord('responses', secondPort, job) }),
        ...command.env,
        ...env,
      },
      secrets,
      ...stepSetups(job, 'frontend'),
      ports: frontendPorts(job, port, secondPort),
      contained: true,
      ...ownImage(job.frontend.image, job),
      ...(command.file && { filled: command.file }),
      ...(command.mpi && { mpi: { tasksPerNode: 1 } }),
      ...(command.waits && { awaits: servers.map(({ address }) => address) }),
    }),
  ];
}

/** The HTTP servers of a worker: of each of its nodes that serves. */
function serversOf(
  { role, nodes, dp }: PlacedWorker,
  { ports, serving = 1 }: StepBody,
  job: Job,
): readonly WorkerServer[] {
  const server = ports.find(({ use }) => use === 'server');
  if (server === undefined) return [];
  const handover = ports.find(({ use }) => use === 'bootstrap' || use === 'side-channel');
  return nodes.slice(0, serving).map((node) => ({
    role,
    address: addressOn(node, server, job),
    ...(handover && { handover: portPart(handover.use, handover.port, job) }),
    // A rank on several nodes has one server, which is as good as one rank.
    ranks: nodes.length === 1 ? dp : 1,
    whole: serving === 1,
  }));
}

function addressOn(node: number, { use, port }: Port, job: Job): readonly (string | Placeholder)[] {
  return [reachedAt(use, job, node), ':', portPart(use, port, job)];
}

/** Where nginx listens, the frontends that it balances, and the header by which; undefined without nginx. */
export function nginxAddresses(job: Job, steps: readonly StepBody[]): Plan['nginx'] {
  const at = (step: StepBody, use: 'nginx' | 'frontend'): Arg[] =>
    step.ports
      .filter((port) => port.use === use)
      .map(({ port }) => [nodeIp(step.nodes[0] ?? 0), ':', portPart(use, port, job)]);
  const [listen] = steps.filter(({ kind }) => kind === 'nginx').flatMap((step) => at(step, 'nginx'));
  const { session_affinity: affinity } = job.frontend;
  const header = affinity === true ? SESSION_HEADER : affinity === false ? undefined : affinity.header;
  return listen === undefined
    ? undefined
    : {
        listen,
        upstreams: steps.flatMap((step) => at(step, 'frontend')),
        ...(header !== undefined && { header }),
      };
}

/** The header by which Dynamo's clients tell a session. */
const SESSION_HEADER = 'X-Dynamo-Session-ID';

/**
 * Runs on the host unless the config names an image: Dynamo's do not hold nginx. It keeps its files in a folder that it may
 * write without root.
 */
function nginx(job: Job): StepBody {
  const { image } = job.frontend.nginx;
  return stepOf({
    kind: 'nginx',
    argv: ['nginx', '-p', [LOCAL_DIR, '/'], '-c', [LOCAL_DIR, '/nginx.conf'], '-g', 'daemon off;'],
    ports: [portOf(job, 'nginx', job.frontend.port)],
    contained: image !== undefined,
    ...ownImage(image, job),
  });
}
