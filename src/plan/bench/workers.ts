import type { NodeIndex, Placeholder } from '../../argument.ts';
import type { Job } from '../../config/job.ts';
import { portPart } from '../movable-ports.ts';
import type { StepBody } from '../plan.ts';

/** Leader of a worker that a benchmark can be told of. */
export interface BenchedWorker {
  readonly role: string;
  readonly node: NodeIndex;
  readonly port: string | Placeholder;
}

/** In the order of the roles and workers. */
export function benchedWorkers(services: readonly StepBody[], job: Job): readonly BenchedWorker[] {
  return services.flatMap(({ role, nodes: [leader], ports }) => {
    const port = ports.find(({ use }) => use === 'system') ?? ports[0];
    if (role === null || leader === undefined || port === undefined) return [];
    return [{ role, node: leader, port: portPart(port.use, port.port, job) }];
  });
}
