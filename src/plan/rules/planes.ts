import { givenFlags } from '../../config/compat/given-flags.ts';
import { hasPlanes, natsUser, TLS_SINCE } from '../../config/compat/planes.ts';
import { atLeast } from '../../config/compat/release.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import { rolesOf } from '../../config/schema/role.ts';
import { type ROUTER_MODES, usesDynamo } from '../../config/schema/sections.ts';
import { error, type Problem, warning } from '../../config/yaml/problem.ts';

/**
 * First release whose frontend takes the mode: `--router-mode` of dynamo/frontend in the wheels 0.4.1 to
 * 1.6.1.
 */
const MODE_SINCE: Readonly<Record<(typeof ROUTER_MODES)[number], string>> = {
  'round-robin': '0.0',
  random: '0.0',
  kv: '0.0',
  direct: '1.0',
  'power-of-two': '1.1',
  'least-loaded': '1.1',
  'device-aware-weighted': '1.1',
};

/** The release, its planes, the services they need, and the router. */
export function* checkPlanes(job: JobConfig): Generator<Problem> {
  if (!usesDynamo(job)) return;
  const { infra } = job;
  const user = natsUser(job);
  if (infra.nats === false && user !== undefined) {
    yield error(
      ['infra', 'nats'],
      `${user} needs NATS`,
      hasPlanes(job)
        ? 'remove this line, or set request_plane: tcp and event_plane: zmq, which has no authentication'
        : 'remove this line',
    );
  }
  if (infra.tls && !atLeast(job.dynamo.version, TLS_SINCE)) {
    yield error(
      ['infra', 'tls'],
      `Dynamo ${job.dynamo.version} cannot encrypt its traffic; TLS was added in ${TLS_SINCE}`,
      `remove this line, or use an image with Dynamo ${TLS_SINCE} or later`,
    );
  }
  if (hasPlanes(job) && infra.event_plane === 'zmq') {
    yield warning(
      ['infra', 'event_plane'],
      'ZMQ has no authentication: anyone who can reach the nodes can read the events, which contain prompt tokens',
      'use nats, the default',
    );
  }
  yield* checkRouter(job);
}

/** Arguments of workers that make them publish cache events. */
const PUBLISHES = /^(kv-events-config|publish-kv-events|publish-events-and-metrics)$/;

function* checkRouter(job: JobConfig): Generator<Problem> {
  const { router_mode: mode, router } = job.frontend;
  const { version } = job.dynamo;
  if (!atLeast(version, MODE_SINCE[mode])) {
    const known = Object.entries(MODE_SINCE).filter(([, since]) => atLeast(version, since));
    yield error(
      ['frontend', 'router_mode'],
      `Dynamo ${version} has no router mode ${mode}; it was added in ${MODE_SINCE[mode]}`,
      `use ${known.map(([name]) => name).join(', ')}`,
    );
  }
  if (mode !== 'kv' || router.kv_events === false) return;
  const publishes = rolesOf(job).some(
    ([role, config]) => config.kv_events || givenFlags(role, config).some(({ name }) => PUBLISHES.test(name)),
  );
  if (publishes) return;
  yield warning(
    ['frontend', 'router_mode'],
    'the KV router subscribes to cache events, but no worker publishes any',
    'set `kv_events: true` for a role, or `kv_events: false` under frontend.router to predict the caches',
  );
}
