import { argOf, SELF_IP } from '../argument.ts';
import { argumentWords } from '../config/argument-words.ts';
import { applyRenames } from '../config/compat/flag-renames.ts';
import { hasEventPlane, hasPlanes, hasRequestPlane, migrationLimit } from '../config/compat/planes.ts';
import { atLeast } from '../config/compat/release.ts';
import type { Job } from '../config/job.ts';
import { rolesOf } from '../config/schema/role.ts';
import type { Frontend, FrontendCommand, FrontendContext } from './frontend.ts';

/** `dynamo.frontend` of Dynamo 0.4 to 1.6.1. Workers register in etcd. */
export const dynamo: Frontend = {
  type: 'dynamo',
  title: "Dynamo's frontend",
  several: true,
  programs: ({ dynamo: release }) => [{ name: 'dynamo.frontend', release }],
  managed: {
    'the address of its node': 'http-host',
    'frontend.port': 'http-port',
    'frontend.router_mode': 'router-mode',
    'frontend.router.kv_overlap_score_credit':
      'router-kv-overlap-score-credit router-kv-overlap-score-weight kv-overlap-score-weight',
    'frontend.router.temperature': 'router-temperature',
    'frontend.router.kv_events': 'router-kv-events no-router-kv-events kv-events no-kv-events',
    'frontend.router.replica_sync': 'router-replica-sync no-router-replica-sync',
    'frontend.router.block_size': 'kv-cache-block-size',
    'dynamo.migration_limit': 'migration-limit',
    'infra.request_plane': 'request-plane',
    'infra.event_plane': 'event-plane',
    "the job's own etcd": 'discovery-backend',
  },
  settings: (given, releases) => applyRenames(given, releases, 'frontend'),
  check: () => [],
  command,
  metrics: 'frontend',
};

function command({ job, settings, port }: FrontendContext): FrontendCommand {
  return {
    argv: [
      ...['python3', '-m', 'dynamo.frontend'],
      ...['--http-host', [SELF_IP], '--http-port', argOf(port)],
      ...routerArguments(job),
      ...planeArguments(job),
      ...argumentWords(settings.args),
    ],
    env: {
      // It has no authentication, and its admin routes would be open to whoever reaches it.
      DYN_DISABLE_FRONTEND_ADMIN_API: '1',
      ...(hasPlanes(job) && isAlone(job) && { DYN_RUNTIME_INHIBITED_DURATION_SECS: '1' }),
    },
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
