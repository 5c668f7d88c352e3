import { argumentWords } from '../config/argument-words.ts';
import { hasEventPlane, hasPlanes, hasRequestPlane, migrationLimit } from '../config/compat/planes.ts';
import type { Job } from '../config/job.ts';
import type { ArgumentValue } from '../config/schema/role.ts';
import type { PlacedWorker } from './worker.ts';

/** Dynamo's own options of a worker, with `own` ones of an engine's module. 1.0 moved the migration limit to the frontend. */
export function dynamoWords(
  job: Job,
  { config }: PlacedWorker,
  own: Readonly<Record<string, ArgumentValue | undefined>> = {},
): readonly string[] {
  const { dynamo, infra } = job;
  return argumentWords({
    endpoint: config.endpoint,
    'request-plane': hasRequestPlane(job) && infra.request_plane,
    'event-plane': hasEventPlane(job) && infra.event_plane,
    'dyn-tool-call-parser': dynamo.tool_call_parser,
    'dyn-reasoning-parser': dynamo.reasoning_parser,
    'custom-jinja-template': dynamo.custom_jinja_template,
    ...own,
    'migration-limit': !hasPlanes(job) && migrationLimit(job),
  });
}
