import type { JobConfig } from '../config/schema/job-schema.ts';
import type { FrontendType } from '../config/schema/sections.ts';
import { dynamo } from './dynamo.ts';
import type { Frontend } from './frontend.ts';
import { none } from './none.ts';
import { sglangRouter } from './sglang-router.ts';
import { trtllmServe } from './trtllm-serve.ts';
import { vllmRouter } from './vllm-router.ts';

const FRONTENDS: Readonly<Record<FrontendType, Frontend>> = {
  dynamo,
  'sglang-router': sglangRouter,
  'vllm-router': vllmRouter,
  'trtllm-serve': trtllmServe,
  none,
};

/** What the job has between clients and workers. */
export function frontendOf({ frontend }: Pick<JobConfig, 'frontend'>): Frontend {
  return FRONTENDS[frontend.type];
}
