import { engineArgument, type RoleConfig } from '../../config/schema/role.ts';
import { error, type Problem } from '../../config/yaml/problem.ts';
import type { SizedWorker } from '../engine.ts';
import { parallelSize } from '../parallel-size.ts';
import type { Parallelism } from '../worker.ts';
import { checkWorldSize } from '../world-size.ts';

/** MPI has a rank for each of tp × pp GPUs; experts and data parallel attention lie inside tp. */
export function sizes(config: RoleConfig, gpus: number): Parallelism {
  const pp = config.pp ?? 1;
  const tp = parallelSize(config.tp, gpus) ?? Math.max(1, Math.floor(gpus / pp));
  const dp =
    parallelSize(config.dp, gpus) ?? (engineArgument(config, 'enable-attention-dp') === true ? tp : 1);
  const ep = parallelSize(config.ep, gpus) ?? 1;
  return { tp, pp, dp, ep, busy: gpus === 0 ? 0 : tp * pp };
}

export function* checkSizes(worker: SizedWorker): Generator<Problem> {
  const { role, tp, dp, ep } = worker;
  const wrong = [...checkWorldSize(worker, ['tp', 'pp'])];
  yield* wrong;
  if (wrong.length > 0) return;
  if (dp !== 1 && dp !== tp)
    yield error(
      [role, 'dp'],
      `is ${dp}, but TensorRT-LLM's attention has either one data parallel rank for each of the ${tp} tensor parallel ones, or none`,
      `use ${tp}, which is enable_attention_dp: true, or leave it out`,
    );
  if (tp % ep !== 0)
    yield error(
      [role, 'ep'],
      `ep ${ep} does not divide tp ${tp}: experts are spread over the tensor parallel ranks`,
    );
}
