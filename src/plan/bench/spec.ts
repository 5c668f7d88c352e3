import type { Job } from '../../config/job.ts';
import type { BenchConfig } from '../../config/schema/bench.ts';
import { portPart } from '../movable-ports.ts';
import type { Plan, Word } from '../plan.ts';
import { nodeIp } from '../word.ts';

/** A benchmark: its config, and what it measures. */
export interface BenchSpec {
  readonly config: BenchConfig;
  /** URL of the service without a path. */
  readonly url: Word;
  /** Folder or name of the model, with whose tokenizer tokens are counted unless the config names another. */
  readonly modelPath: string;
  readonly service: BenchedService;
}

export interface BenchedService {
  /** Name by which clients ask for it. */
  readonly model: string;
  /** Release of Dynamo. */
  readonly dynamo: string;
  readonly image?: string;
  /** Name of the published topology. */
  readonly topology?: string;
}

/** A benchmark with that config against a job's service. */
export function benchSpec(config: BenchConfig, job: Job, entry: Plan['entry']): BenchSpec {
  const { container, topology, model } = job;
  return {
    config,
    url: ['http://', nodeIp(entry.node), ':', portPart('frontend', entry.port, job)],
    modelPath: model.path,
    service: {
      model: model.served_name,
      dynamo: job.dynamo.version,
      ...(container && { image: container.image }),
      ...(topology !== undefined && topology !== 'inline' && { topology }),
    },
  };
}
