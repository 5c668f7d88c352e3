import { atLeast } from '../config/compat/release.ts';
import type { Job } from '../config/job.ts';
import type { NodeIndex, PortUse, Ref, StepBody, Word } from './plan.ts';
import { nodeIp, SELF_IP } from './word.ts';

/** Ports to which only the job's own processes connect, and whose listeners can be told an address. */
const INSIDE: ReadonlySet<PortUse> = new Set(['etcd-client', 'nats', 'rpc', 'responses', 'system']);
const LOOPBACK = '127.0.0.1';

/** Whether the port listens at the node's loopback address only: see `infra.bind`. */
export function isOnLoopback(use: PortUse, job: Job): boolean {
  // Until 1.6 nothing chose where a frontend listens for answers.
  const chosen = use !== 'responses' || atLeast(job.dynamo.version, '1.6');
  return job.infra.bind === 'loopback' && INSIDE.has(use) && chosen;
}

/** Address at which a process listens for other processes of the job. */
export function insideSelf({ infra }: Job): string | Ref {
  return infra.bind === 'loopback' ? LOOPBACK : SELF_IP;
}

/** Address at which processes of the job reach what listens on the node. */
export function reachedAt(use: PortUse, job: Job, node: NodeIndex): string | Ref {
  return isOnLoopback(use, job) ? LOOPBACK : nodeIp(node);
}

/** Address and port, as planned, at which processes of the job reach a step. */
export function addressOf(step: Pick<StepBody, 'nodes' | 'ports'> | undefined, use: PortUse): Word {
  const port = step?.ports.find((owned) => owned.use === use);
  const node = step?.nodes[0];
  if (port === undefined || node === undefined) throw new Error(`the plan has no ${use} port`);
  return [port.address === 'loopback' ? LOOPBACK : nodeIp(node), `:${port.port}`];
}
