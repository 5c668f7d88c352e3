import type { JobConfig } from '../schema/job-schema.ts';
import { pinnedSglang } from './engine-table.ts';

/** The releases that a job's image holds. */
export interface Releases {
  readonly dynamo: string;
  readonly sglang: string;
}

/** SGLang's is the one that Dynamo's asks for, unless the config names another. */
export function releasesOf({ dynamo, engine }: Pick<JobConfig, 'dynamo' | 'engine'>): Releases {
  return { dynamo: dynamo.version, sglang: engine.version ?? pinnedSglang(dynamo.version) };
}
