import type { NodeIndex } from '../argument.ts';
import type { Job } from '../config/job.ts';
import { imageOf, programsOf } from './container.ts';
import type { Check, Step } from './plan.ts';

/** What steps start by name on the node itself. The containers' programs are looked for where the container is made. */
export function programChecks(job: Job, steps: readonly Step[]): readonly Check[] {
  const needed = new Map<string, { readonly nodes: Set<NodeIndex>; readonly missing: string }>();
  for (const step of steps) {
    // The job goes on without a monitor.
    if (['monitor', 'image', 'cleanup'].includes(step.kind) || imageOf(step, job) !== undefined) continue;
    const missing = { nginx: NGINX_MISSING, bench: TOOL_MISSING }[step.kind as string] ?? HOST_MISSING;
    for (const program of programsOf(step, job)) {
      const { nodes } = needed.get(program) ?? { nodes: new Set() };
      needed.set(program, { nodes: new Set([...nodes, ...step.nodes]), missing });
    }
  }
  return [...needed].map(([program, { nodes, missing }]) => ({
    nodes: [...nodes].toSorted((a, b) => a - b),
    words: ['program', program, missing],
  }));
}

const HOST_MISSING =
  'the job runs it on the node itself, for nothing runs in a container: install it, put the folder of a copy on PATH in ' +
  'the preamble of the cluster profile, or run all in an image that has it (container.image, and container_runtime: pyxis)';

/** Dynamo's images do not hold nginx. */
const NGINX_MISSING =
  'several frontends need it on the node itself, outside the container: install it, put the folder of a copy on PATH ' +
  'in the preamble of the cluster profile, name an image that has it (frontend.nginx.image), or set frontend.count to 1';

const TOOL_MISSING =
  'the benchmark runs it on the node itself: install it, set bench.program to the command that starts it, such as that of ' +
  'a virtual environment, or run the benchmark in an image that has it (bench.image, and container_runtime: pyxis)';
