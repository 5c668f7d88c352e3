import { releasesOf } from '../../config/compat/engine-table.ts';
import { atLeast } from '../../config/compat/release.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import { usesDynamo } from '../../config/schema/sections.ts';
import { error, type Problem, warning } from '../../config/yaml/problem.ts';
import type { SizedWorker } from '../engine.ts';
import { checkWorldSize, idleGpus, sizeProblem } from '../world-size.ts';
import { EXTERNAL, givenApart, layoutOf, prefillContextSize } from './sizes.ts';

const SIZES = ['tp', 'pp', 'dp'] as const;

export function* checkSizes(worker: SizedWorker, job: JobConfig): Generator<Problem> {
  const { role, config, gpus, nodes, tp, dp, ep, busy } = worker;
  const pcp = prefillContextSize(config);
  const factors = pcp === 1 ? [] : [`prefill-context-parallel-size ${pcp}`];
  // On one node vLLM takes the first of the GPUs that it sees.
  if (nodes === 1 && busy < gpus) yield idleGpus(worker, SIZES, factors);
  else {
    const wrong = [...checkWorldSize(worker, SIZES, factors)];
    yield* wrong;
    if (wrong.length > 0) return;
  }
  const { replica, perNode } = layoutOf(worker);
  const onNode = (nodes === 1 ? busy : gpus) / nodes;
  if (perNode > 0 ? onNode % replica !== 0 : replica % onNode !== 0) {
    yield sizeProblem(
      worker,
      ['dp', 'tp', 'pp'],
      `each of the ${dp} data parallel ranks has ${replica} GPUs, which neither divide the ${onNode} GPUs of a node nor are a multiple of them`,
      'use other sizes, or other GPUs per worker',
    );
  }
  if (config.dcp !== undefined && tp % config.dcp !== 0)
    yield error(
      [role, 'dcp'],
      `dcp ${config.dcp} does not divide tp ${tp}: it splits the tensor parallel ranks`,
    );
  yield* checkSpan(worker, job, perNode);
  yield* checkApart(worker, job, perNode);
  if (ep !== 1 && ep !== tp * dp) {
    yield error(
      [role, 'ep'],
      `is ${ep}, but vLLM spreads the experts over all tp × dp (${tp * dp}) ranks, or over none`,
      `use ${tp * dp}, or leave it out`,
    );
  }
}

/** What data parallel ranks that are processes of their own need. */
function* checkApart({ role, config, dp }: SizedWorker, job: JobConfig, perNode: number): Generator<Problem> {
  const given = givenApart(role, config);
  if (given === undefined) return;
  const wrong = (message: string, hint = 'remove it') => error(given.path, `--${EXTERNAL} ${message}`, hint);
  if (dp === 1)
    yield wrong(
      'has a process for each data parallel rank, and these workers have one rank',
      `set ${role}.dp, or remove it`,
    );
  else if (perNode === 0)
    yield wrong(
      'has a process for each data parallel rank, and a rank of these workers is larger than a node',
      'use sizes that fit into a node, or remove it',
    );
  if (!usesDynamo(job))
    yield wrong(
      `needs Dynamo's frontend, where each rank registers; frontend.type is ${job.frontend.type}`,
      'remove it: then one process on each node serves its ranks',
    );
  if (job.profile?.roles.includes(role))
    yield error(
      ['profile', 'roles'],
      `${role} workers have several processes on a node (--${EXTERNAL}), and nsys can be put before one only`,
      'leave the role out, or remove that argument',
    );
}

/** What one replica over several nodes needs. Data parallel ranks that fit into a node need nothing of it. */
function* checkSpan({ role, nodes, dp }: SizedWorker, job: JobConfig, perNode: number): Generator<Problem> {
  if (nodes === 1 || (dp > 1 && perNode > 0)) return;
  const { dynamo, vllm } = releasesOf(job);
  const needs = [
    ...(atLeast(dynamo, '1.0')
      ? []
      : [`--headless, which Dynamo ${dynamo} does not have; it was added in 1.0`]),
    ...(atLeast(vllm, '0.11.1')
      ? []
      : [
          `--nnodes, --node-rank, --master-addr and --master-port, which vLLM ${vllm} does not have; they were added in 0.11.1`,
        ]),
  ];
  for (const need of needs)
    yield warning(
      [role],
      `a vLLM replica on ${nodes} nodes needs ${need}`,
      'name the releases in the image: dynamo.version, and engine.version for vLLM; or use sizes that fit into a node',
    );
}
