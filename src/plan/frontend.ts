import { applyRenames } from '../config/compat/apply-renames.ts';
import { atLeast } from '../config/compat/release.ts';
import { releasesOf } from '../config/compat/releases.ts';
import type { Job } from '../config/job.ts';
import { ROLES } from '../config/schema/role.ts';
import { withoutSecrets } from '../config/schema/secrets.ts';
import { argumentWords } from './engine/arguments.ts';
import { dynamoEnvironment, userEnvironment } from './environment.ts';
import { migrationLimit } from './migration.ts';
import { portPart, portWord } from './movable-ports.ts';
import type { PlacedFrontend } from './placement.ts';
import type { Plan, StepBody, Word } from './plan.ts';
import { hasEventPlane, hasPlanes, hasRequestPlane } from './planes.ts';
import { frontendPorts, nginxPorts } from './ports.ts';
import { LOCAL_DIR, nodeIp, SELF_IP } from './word.ts';

/** The frontends and, where there are several, nginx before them on the head node. */
export function frontendSteps(job: Job, frontends: readonly PlacedFrontend[]): readonly StepBody[] {
  const steps = frontends.map((placed) => frontend(job, placed));
  return steps.length > 1 ? [...steps, nginx(job)] : steps;
}

function frontend(job: Job, { name, node, port, responsePort }: PlacedFrontend): StepBody {
  const { args, variables } = withoutSecrets('frontend', job.frontend.args);
  const settings = applyRenames({ args, env: job.frontend.env }, releasesOf(job), 'frontend');
  const { env, secrets } = userEnvironment(settings.env, variables);
  return {
    name,
    kind: 'frontend',
    role: null,
    worker: null,
    nodes: [node],
    gpus: [],
    argv: [
      'python3',
      '-m',
      'dynamo.frontend',
      '--http-host',
      [SELF_IP],
      '--http-port',
      portWord('frontend', port, job),
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
    ports: frontendPorts(job, responsePort),
    contained: true,
  };
}

/**
 * Whether a role has one worker. A frontend sends nothing for 5 s to a worker where a request has failed, and without another
 * worker of its role it then answers every request with 503: so one request that was on a decode worker when that was
 * restarted, and that the prefill worker refused to prefill once more, stopped the service. 1 s, not 0: a worker that was killed
 * is registered until its lease ends, and a request that moves may not come back to it.
 * https://github.com/ai-dynamo/dynamo/pull/11993
 */
function isAlone(job: Job): boolean {
  return ROLES.some((role) => job[role]?.workers === 1);
}

/**
 * Spellings: dynamo/frontend of the wheels 0.4.1 to 1.6.1. 1.0 gave the router's flags their prefix, 1.2 the
 * credit.
 */
function routerArguments(job: Job): readonly string[] {
  const { router_mode: mode, router } = job.frontend;
  const { version } = job.dynamo;
  const credit = atLeast(version, '1.2')
    ? '--router-kv-overlap-score-credit'
    : hasPlanes(job)
      ? '--router-kv-overlap-score-weight'
      : '--kv-overlap-score-weight';
  const events = hasPlanes(job) ? 'router-kv-events' : 'kv-events';
  const words = ['--router-mode', mode];
  if (router.kv_overlap_score_credit !== undefined)
    words.push(credit, String(router.kv_overlap_score_credit));
  if (router.temperature !== undefined) words.push('--router-temperature', String(router.temperature));
  if (router.kv_events === false) words.push(`--no-${events}`);
  // 0.x listens unless told otherwise, and its early releases have no flag that says so.
  if (router.kv_events === true && hasPlanes(job)) words.push(`--${events}`);
  if (router.replica_sync === true) words.push('--router-replica-sync');
  if (router.block_size !== undefined) words.push('--kv-cache-block-size', String(router.block_size));
  return words;
}

/**
 * Planes are stated even where they are the release's defaults, which have changed: 1.2 moved events to ZMQ. 1.0 moved
 * the migration limit here from the workers.
 */
function planeArguments(job: Job): readonly string[] {
  const limit = hasPlanes(job) ? migrationLimit(job) : undefined;
  return [
    ...(limit === undefined ? [] : ['--migration-limit', String(limit)]),
    ...(hasRequestPlane(job) ? ['--request-plane', job.infra.request_plane] : []),
    ...(hasEventPlane(job) ? ['--event-plane', job.infra.event_plane] : []),
  ];
}

/** Where nginx listens, and the frontends that it balances; undefined without nginx. */
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
  const argv: readonly Word[] = [
    'nginx',
    '-p',
    [LOCAL_DIR, '/'],
    '-c',
    [LOCAL_DIR, '/nginx.conf'],
    '-g',
    'daemon off;',
  ];
  return {
    name: 'nginx',
    kind: 'nginx',
    role: null,
    worker: null,
    nodes: [0],
    gpus: [],
    argv,
    env: {},
    secrets: {},
    ports: nginxPorts(job),
    contained: false,
  };
}
