import { argumentWords } from '../config/argument-words.ts';
import { releasesOf } from '../config/compat/engine-table.ts';
import { applyRenames } from '../config/compat/flag-renames.ts';
import { hasEventPlane, hasPlanes, hasRequestPlane, migrationLimit } from '../config/compat/planes.ts';
import { atLeast } from '../config/compat/release.ts';
import type { Job } from '../config/job.ts';
import { rolesOf } from '../config/schema/role.ts';
import { withoutSecrets } from '../config/schema/secrets.ts';
import { LOCAL_DIR, nodeIp, SELF_IP, type Word } from '../word.ts';
import { dynamoEnvironment, userEnvironment } from './environment.ts';
import { portPart, portWord } from './movable-ports.ts';
import type { PlacedFrontend } from './placement.ts';
import type { Plan, StepBody } from './plan.ts';
import { frontendPorts, portOf } from './ports.ts';
import { stepSetups } from './setup.ts';
import { stepOf } from './step-body.ts';

/** The frontends and, where there are several, nginx before them on the head node. */
export function frontendSteps(job: Job, frontends: readonly PlacedFrontend[]): readonly StepBody[] {
  const steps = frontends.map((placed) => frontend(job, placed));
  return steps.length > 1 ? [...steps, nginx(job)] : steps;
}

function frontend(job: Job, { name, node, port, responsePort }: PlacedFrontend): StepBody {
  const { args, variables } = withoutSecrets('frontend', job.frontend.args);
  const settings = applyRenames({ args, env: job.frontend.env }, releasesOf(job), 'frontend');
  const { env, secrets } = userEnvironment(settings.env, variables);
  return stepOf({
    name,
    kind: 'frontend',
    nodes: [node],
    argv: [
      ...['python3', '-m', 'dynamo.frontend'],
      ...['--http-host', [SELF_IP], '--http-port', portWord('frontend', port, job)],
      ...routerArguments(job),
      ...planeArguments(job),
      ...argumentWords(settings.args),
    ],
    env: {
      ...dynamoEnvironment(job),
      ...(hasPlanes(job) && { DYN_TCP_RESPONSE_STREAM_PORT: portWord('responses', responsePort, job) }),
      // It has no authentication, and its admin routes would be open to whoever reaches it.
      DYN_DISABLE_FRONTEND_ADMIN_API: '1',
      ...(hasPlanes(job) && isAlone(job) && { DYN_RUNTIME_INHIBITED_DURATION_SECS: '1' }),
      ...env,
    },
    secrets,
    ...stepSetups(job, 'frontend'),
    ports: frontendPorts(job, responsePort),
    contained: true,
  });
}

/**
 * Whether a role has one worker. A frontend sends nothing for 5 s to a worker where a request has failed, and without another
 * worker of its role it then answers every request with 503: so one request that was on a decode worker when that was
 * restarted, and that the prefill worker refused to prefill once more, stopped the service. 1 s, not 0: a worker that was killed
 * is registered until its lease ends, and a request that moves may not come back to it.
 * https://github.com/ai-dynamo/dynamo/pull/11993
 */
function isAlone(job: Job): boolean {
  return rolesOf(job).some(([, { workers }]) => workers === 1);
}

/**
 * Spellings: dynamo/frontend of the wheels 0.4.1 to 1.6.1. 1.0 gave the router's flags their prefix, 1.2 the
 * credit.
 */
function routerArguments(job: Job): readonly string[] {
  const { router_mode: mode, router } = job.frontend;
  const { version } = job.dynamo;
  const credit = atLeast(version, '1.2')
    ? 'router-kv-overlap-score-credit'
    : `${hasPlanes(job) ? 'router-' : ''}kv-overlap-score-weight`;
  const events = hasPlanes(job) ? 'router-kv-events' : 'kv-events';
  return argumentWords({
    'router-mode': mode,
    [credit]: router.kv_overlap_score_credit,
    'router-temperature': router.temperature,
    [`no-${events}`]: router.kv_events === false,
    // 0.x listens unless told otherwise, and its early releases have no flag that says so.
    [events]: router.kv_events === true && hasPlanes(job),
    'router-replica-sync': router.replica_sync === true,
    'kv-cache-block-size': router.block_size,
  });
}

/**
 * Planes are stated even where they are the release's defaults, which have changed: 1.2 moved events to ZMQ. 1.0 moved
 * the migration limit here from the workers.
 */
function planeArguments(job: Job): readonly string[] {
  return argumentWords({
    'migration-limit': hasPlanes(job) && migrationLimit(job),
    'request-plane': hasRequestPlane(job) && job.infra.request_plane,
    'event-plane': hasEventPlane(job) && job.infra.event_plane,
  });
}

/** nginx's address, and the frontends that it balances; undefined without nginx. */
export function nginxAddresses(job: Job, steps: readonly StepBody[]): Plan['nginx'] {
  const at = (step: StepBody, use: 'nginx' | 'frontend'): Word[] =>
    step.ports
      .filter((port) => port.use === use)
      .map(({ port }) => [nodeIp(step.nodes[0] ?? 0), ':', portPart(use, port, job)]);
  const [listen] = steps.filter(({ kind }) => kind === 'nginx').flatMap((step) => at(step, 'nginx'));
  return listen === undefined
    ? undefined
    : { listen, upstreams: steps.flatMap((step) => at(step, 'frontend')) };
}

/**
 * Runs on the host: Dynamo's images do not hold nginx. It keeps its files in a folder that it may write
 * without root.
 */
function nginx(job: Job): StepBody {
  return stepOf({
    kind: 'nginx',
    argv: ['nginx', '-p', [LOCAL_DIR, '/'], '-c', [LOCAL_DIR, '/nginx.conf'], '-g', 'daemon off;'],
    ports: [portOf(job, 'nginx', job.frontend.port)],
    contained: false,
  });
}
