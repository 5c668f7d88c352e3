import type { Arg } from '../argument.ts';
import { atLeast } from '../config/compat/release.ts';
import type { Job } from '../config/job.ts';
import { type RoleConfig, rolesOf } from '../config/schema/role.ts';
import { usesDynamo } from '../config/schema/sections.ts';
import { ENGINE_WORDS, METRICS } from '../engines/dialects.ts';
import { engineOf } from '../engines/engines.ts';
import { surfaceOf } from '../engines/surface.ts';

/** What templates/lib/hang.sh looks at to tell a worker that works from one that stands still. */
export interface HangSigns {
  /** Without progress, after which a worker with work counts as hung. */
  readonly seconds: number;
  /** Whether Dynamo's runtime asks every engine that is silent for a token, and says on `/health` whether it came. */
  readonly canary: boolean;
  /** Extended regular expressions: of lines of a page of metrics that count work, and of names that number requests in flight. */
  readonly work: string;
  readonly inFlight: string;
  /** The same of lines of a worker's log that tell of work, be it batches or a stage of its start. */
  readonly lines: string;
}

/** First release of Dynamo whose engines all have a request for the runtime's canary (`dynamo/health_check.py`). */
const CANARY_SINCE = '1.0';

/** Seconds; 0 where nothing is watched. A request for images or video counts no tokens, and may take minutes. */
export function hangLimit(job: Job): number {
  return surfaceOf(job) === 'media' ? 0 : job.health.hang;
}

export function hangSigns(job: Job): HangSigns | undefined {
  const seconds = hangLimit(job);
  if (seconds === 0) return undefined;
  const counters = METRICS.flatMap(({ inputTokens, outputTokens }) =>
    [...inputTokens, ...outputTokens].flatMap(({ names }) => names),
  );
  const gauges = METRICS.map(({ running }) => running);
  const generates = '\\{[^}]*dynamo_endpoint="generate"';
  return {
    seconds,
    canary: rolesOf(job).every(([, config]) => hasCanary(job, config)),
    work: [...new Set(counters)].join('|'),
    inFlight: usesDynamo(job) ? `dynamo_component_inflight_requests${generates}` : gauges.join('|'),
    lines: ENGINE_WORDS.map((words) => words.replace(/[.*+?()[\]{}|\\^$]/g, '\\$&')).join('|'),
  };
}

const ENABLED = 'DYN_HEALTH_CHECK_ENABLED';

function hasCanary(job: Job, config: RoleConfig): boolean {
  const own = config.env[ENABLED];
  return (
    usesDynamo(job) &&
    atLeast(job.dynamo.version, CANARY_SINCE) &&
    engineOf(job, config).loadsModel &&
    (own === undefined || String(own) === 'true')
  );
}

/**
 * Environment of a worker under Dynamo, whose runtime sends the canary to its own engine: not through the network, so that it
 * counts in no metrics but the engine's, and only when no token has come for a while, so that it is in no benchmark's way.
 * Names: `lib/runtime/src/config.rs` of Dynamo.
 */
export function canaryEnvironment(job: Job, config: RoleConfig): Readonly<Record<string, Arg>> {
  const seconds = hangLimit(job);
  if (seconds === 0 || !hasCanary(job, config)) return {};
  return {
    [ENABLED]: 'true',
    DYN_CANARY_WAIT_TIME: String(Math.ceil(seconds / 4)),
    DYN_HEALTH_CHECK_REQUEST_TIMEOUT: String(seconds),
  };
}
