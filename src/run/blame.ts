import { isNodeFault } from '../causes/node-faults.ts';
import { signatureOf } from '../causes/signature.ts';
import type { ObservedEvent } from './events.ts';

/** A node that is to blame for trouble of a run: a later job is to stay away from it. */
export interface Blame {
  /** Hostname as in the event. */
  readonly node: string;
  /** What the node does or has: `shows 7 GPUs, and workers need 8`. */
  readonly reason: string;
  /** RFC 3339. */
  readonly time: string;
}

/** The nodes that an event lays trouble at: by the preflight, by Slurm, or by a line that tells of broken hardware. */
export function blamesIn(event: ObservedEvent): readonly Blame[] {
  const { time } = event;
  switch (event.kind) {
    case 'preflight':
      return (event.blamed ?? []).map(({ node, reason }) => ({ node, reason, time }));
    case 'signature':
      return isNodeFault(event) ? [{ node: event.node, reason: hardwareText(event), time }] : [];
    case 'process-ended':
    case 'worker-restarting':
    case 'degraded':
    case 'step-ended':
    case 'verdict': {
      const failed = failedNodes(event.reason).map((node) => ({ node, reason: FAILED, time }));
      const signature = event.line === undefined ? undefined : signatureOf(event.line);
      if (event.node === undefined || event.line === undefined || !signature || !isNodeFault(signature))
        return failed;
      const reason = hardwareText({ title: signature.title, line: event.line });
      return [...failed, { node: event.node, reason, time }];
    }
    default:
      return [];
  }
}

export const FAILED = 'failed while a job ran on it';

/** `node2 failed`, `node2, node3 failed`, `node2 failed, and decode-0 with it`: what the job says when Slurm gives up a node. */
function failedNodes(reason: string): readonly string[] {
  const [, nodes = ''] = /^([\w.-]+(?:, [\w.-]+)*) failed(?:, and \S+ with it)?(?:;|$)/.exec(reason) ?? [];
  return nodes.split(', ').filter((node) => node !== '');
}

export function hardwareText({ title, line }: { readonly title: string; readonly line: string }): string {
  return `had a fault: ${title}: ${line.slice(0, LONGEST)}`;
}

/** Characters of a line in a reason. */
const LONGEST = 200;
