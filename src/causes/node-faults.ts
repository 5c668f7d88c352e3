import { SIGNATURES, type Signature } from './signature.ts';

/** Faults of one node's own hardware or driver: another job on the node meets them again. */
const NAMES: ReadonlySet<string> = new Set([
  'gpu-xid',
  'gpu-nvlink',
  'gpu-ecc',
  'fabric-not-ready',
  'fabric-multicast',
  'gpu-occupied',
]);

export function isNodeFault({ name }: Pick<Signature, 'name'>): boolean {
  return NAMES.has(name);
}

/** What their lines say: texts in which `*` stands for anything. */
export const NODE_FAULT_TEXTS: readonly string[] = SIGNATURES.filter(isNodeFault).flatMap(({ says }) => says);
