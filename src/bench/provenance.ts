import type { BenchOutline } from '../plan/bench/outline.ts';
import type { Plan } from '../plan/plan.ts';
import type { BenchGpus, BenchProvenance } from './result.ts';

/** Where the facts about a run stand: texts of files in its folder. */
export interface ProvenanceSources {
  readonly service: BenchOutline['service'];
  /** plan.json. */
  readonly plan: string | undefined;
  /** SHA-256 of config.yaml. */
  readonly configHash: string | undefined;
  readonly dynSlurm: string | undefined;
  readonly gitCommit: string | undefined;
  readonly mock: boolean;
}

/** What was measured. SGLang's release is known where the image's tag names it. */
export function provenanceOf(sources: ProvenanceSources): BenchProvenance {
  const { service, plan, configHash, dynSlurm, gitCommit, mock } = sources;
  const sglang = /sglang:v?(\d+\.\d+[\w.-]*)/.exec(service.image ?? '')?.[1];
  return {
    ...(dynSlurm !== undefined && { dynSlurm }),
    dynamo: service.dynamo,
    ...(sglang !== undefined && { sglang }),
    ...(configHash !== undefined && { configHash }),
    ...(gitCommit !== undefined && { gitCommit }),
    ...(service.image !== undefined && { image: service.image }),
    ...(service.topology !== undefined && { topology: service.topology }),
    model: service.model,
    mock,
    gpus: gpusOf(plan),
  };
}

/** GPUs that the workers hold, by role. */
function gpusOf(text: string | undefined): BenchGpus {
  const plan = text === undefined ? undefined : (parsed(text) as Partial<Plan> | undefined);
  const workers = plan?.workers ?? [];
  const of = (role: string) =>
    workers
      .filter((worker) => worker.role === role)
      .reduce((sum, { nodes, gpus }) => sum + nodes.length * gpus.length, 0);
  const [prefill, decode, aggregated] = [of('prefill'), of('decode'), of('aggregated')];
  const total = workers.reduce((sum, { nodes, gpus }) => sum + nodes.length * gpus.length, 0);
  return { model: plan?.gpus?.model ?? '', total, prefill, decode, aggregated };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
