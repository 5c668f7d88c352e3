import type { JobConfig } from '../config/schema/job-schema.ts';
import { type Role, rolesOf } from '../config/schema/role.ts';
import { ENGINE_TITLES, type EngineType } from '../config/schema/sections.ts';
import { error, keyError, type Problem } from '../config/yaml/problem.ts';
import type { Frontend } from './frontend.ts';

/** Roles of workers that an engine's own server can have. */
const SERVED: readonly Role[] = ['prefill', 'decode', 'aggregated'];

/** What a router requires that stands before the servers of one engine. */
export function* needs(
  job: JobConfig,
  { title }: Pick<Frontend, 'title'>,
  engine: EngineType,
): Generator<Problem> {
  const { type } = job.engine;
  if (type !== engine)
    yield error(
      ['frontend', 'type'],
      `${title} stands before workers of ${ENGINE_TITLES[engine]}, and this job runs ${ENGINE_TITLES[type]}`,
      `set engine to ${engine}, or choose another frontend`,
    );
  yield* withoutDynamo(job);
}

/** Keys of `dynamo` that say what is in the image, or of a process that others may share. */
const HARMLESS: readonly string[] = ['version', 'namespace'];

/** What an engine's own server takes in the place of an option of Dynamo's workers. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  tool_call_parser: 'tool-call-parser',
  reasoning_parser: 'reasoning-parser',
  custom_jinja_template: 'chat-template',
};

/** What only Dynamo's processes would read, where none of them run. */
export function* withoutDynamo(job: JobConfig): Generator<Problem> {
  const { dynamo, frontend, infra } = job;
  const type = ['frontend', 'type'];
  if (job.engine.type === 'mocker')
    yield error(type, 'the mocker has no server of its own: it runs only under Dynamo', 'use dynamo');
  for (const [role, config] of rolesOf(job)) {
    if (!SERVED.includes(role))
      yield keyError(
        [role],
        `no ${role} workers exist without Dynamo`,
        'remove the role, or set frontend.type to dynamo',
      );
    if (config.endpoint !== undefined)
      yield error([role, 'endpoint'], 'is registered only by workers that run under Dynamo', 'remove it');
    if (config.module?.startsWith('dynamo.'))
      yield error(
        [role, 'module'],
        'belongs to Dynamo, which this job does not run',
        'remove it, or set frontend.type to dynamo',
      );
  }
  for (const [key, value] of Object.entries(dynamo)) {
    if (value === undefined || value === false || HARMLESS.includes(key)) continue;
    const argument = ARGUMENTS[key];
    yield keyError(
      ['dynamo', key],
      'has no effect: this job does not run Dynamo',
      argument
        ? `set \`${argument}\` in the args of each role instead`
        : 'remove it, or set frontend.type to dynamo',
    );
  }
  const hint = 'remove it; `frontend.args` has the options of the router';
  if (frontend.router_mode !== 'round-robin')
    yield error(
      ['frontend', 'router_mode'],
      "is an option of Dynamo's frontend, which this job does not run",
      hint,
    );
  for (const [key, value] of Object.entries(frontend.router))
    if (value !== undefined)
      yield keyError(
        ['frontend', 'router', key],
        "is an option of Dynamo's frontend, which this job does not run",
        hint,
      );
  if (infra.nats === true)
    yield error(['infra', 'nats'], 'nothing uses NATS: this job does not run Dynamo', 'remove it');
  if (infra.tls)
    yield error(
      ['infra', 'tls'],
      "encrypts Dynamo's traffic only, and this job does not run Dynamo",
      'remove it, or set frontend.type to dynamo',
    );
}
