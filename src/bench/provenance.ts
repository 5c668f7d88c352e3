import { engineInImage } from '../engines/dialects.ts';
import type { BenchOutline } from '../plan/bench/spec.ts';
import type { PlanFile } from '../run/plan-file.ts';
import type { BenchGpus, BenchProvenance } from './system.ts';
import { present } from './tool/measured.ts';

/** Files with the facts about a run. */
export interface ProvenanceSources {
  readonly service: BenchOutline['service'];
  readonly plan: PlanFile | undefined;
  /** SHA-256 of config.yaml. */
  readonly configHash: string | undefined;
  readonly dynSlurm: string | undefined;
  readonly gitCommit: string | undefined;
  readonly mock: boolean;
}

/** What was measured. The engine is known where the image's name is its own. */
export function provenanceOf(sources: ProvenanceSources): BenchProvenance {
  const { service, plan, configHash, dynSlurm, gitCommit, mock } = sources;
  const engine = engineInImage(service.image ?? '');
  const { dynamo, image, topology, model } = service;
  return {
    ...present({ dynSlurm, dynamo, engine, configHash, gitCommit, image, topology }),
    ...{ model, mock, gpus: gpusOf(plan) },
  };
}

/** GPUs that the workers hold, by role. */
function gpusOf(plan: PlanFile | undefined): BenchGpus {
  const workers = plan?.workers ?? [];
  const held = (counted: typeof workers) =>
    counted.reduce((sum, { nodes, gpus }) => sum + nodes.length * gpus.length, 0);
  const of = (role: string) => held(workers.filter((worker) => worker.role === role));
  return {
    model: plan?.gpus?.model ?? '',
    total: held(workers),
    prefill: of('prefill'),
    decode: of('decode'),
    aggregated: of('aggregated'),
  };
}
