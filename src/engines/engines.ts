import type { JobConfig } from '../config/schema/job-schema.ts';
import type { RoleConfig } from '../config/schema/role.ts';
import { type EngineType, usesDynamo } from '../config/schema/sections.ts';
import type { Engine } from './engine.ts';
import { isMocker, mocker } from './mocker/index.ts';
import { sglang } from './sglang/index.ts';
import { sglangServer } from './sglang/server.ts';
import { trtllm } from './trtllm/index.ts';
import { trtllmServer } from './trtllm/server.ts';
import { vllm } from './vllm/index.ts';
import { vllmServer } from './vllm/server.ts';

/** What workers run under Dynamo, and what they run where nothing of Dynamo does: the engines' own servers. */
const UNDER_DYNAMO: Readonly<Record<EngineType, Engine>> = { sglang, vllm, trtllm, mocker };
const SERVERS: Readonly<Record<EngineType, Engine>> = {
  ...{ sglang: sglangServer, vllm: vllmServer, trtllm: trtllmServer },
  // A rule refuses it.
  mocker,
};

/** What a rehearsal can run without GPUs, of all engines. */
export const MOCKED = [...Object.values(UNDER_DYNAMO), ...Object.values(SERVERS)].map(({ mocked }) => mocked);

type Chosen = Pick<JobConfig, 'engine' | 'frontend'>;

/** The engine of the job. */
export function jobEngine(job: Chosen): Engine {
  return (usesDynamo(job) ? UNDER_DYNAMO : SERVERS)[job.engine.type];
}

/** An engine as it is under Dynamo. */
export function engineOfType(type: EngineType): Engine {
  return UNDER_DYNAMO[type];
}

/** The engine of a role's workers. */
export function engineOf(job: Chosen, config: RoleConfig): Engine {
  return isMocker(config) ? mocker : jobEngine(job);
}
