import type { JobConfig } from '../config/schema/job-schema.ts';
import type { RoleConfig } from '../config/schema/role.ts';
import type { EngineType } from '../config/schema/sections.ts';
import type { Engine } from './engine.ts';
import { isMocker, mocker } from './mocker/index.ts';
import { sglang } from './sglang/index.ts';
import { trtllm } from './trtllm/index.ts';
import { vllm } from './vllm/index.ts';

const ENGINES: Readonly<Record<EngineType, Engine>> = { sglang, vllm, trtllm, mocker };

/** What a rehearsal can run without GPUs, of all engines. */
export const MOCKED = Object.values(ENGINES).map(({ mocked }) => mocked);

/** The engine of the job. */
export function jobEngine({ engine }: Pick<JobConfig, 'engine'>): Engine {
  return ENGINES[engine.type];
}

/** The engine of a role's workers. */
export function engineOf({ engine }: Pick<JobConfig, 'engine'>, config: RoleConfig): Engine {
  return isMocker(config) ? mocker : ENGINES[engine.type];
}
