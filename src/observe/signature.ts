import type { SignatureClass } from './log-event.ts';
import data from './signatures.json' with { type: 'json' };

/** A line that is known to come before a worker's end. */
export interface Signature {
  readonly name: string;
  readonly class: SignatureClass;
  readonly title: string;
  /** Any of these must be in the line; `*` stands for anything. Literal text otherwise: matching takes linear time. */
  readonly says: readonly string[];
  /** None of these may be. */
  readonly not?: readonly string[];
  /** What to do. */
  readonly advice: string;
  /** The upstream issue, or page, that tells of it. */
  readonly link: string;
  /** Real lines, and where they are from: the tests' proof that a signature is found, and no other in its place. */
  readonly samples: readonly string[];
  readonly source: string;
}

/** Where several fit a line, the first counts: a fault of the hardware before what follows from it. */
export const SIGNATURES = data as readonly Signature[];

const PATTERNS = SIGNATURES.map((signature) => ({
  signature,
  says: signature.says.map((pattern) => pattern.split('*')),
}));

/** Words of which every line with a signature has one: what to look for in a log before anything else. */
export const SIGNATURE_WORDS: readonly string[] = [
  ...new Set(PATTERNS.flatMap(({ says }) => says.map((parts) => longest(parts)))),
];

function longest(parts: readonly string[]): string {
  return parts.reduce((most, part) => (part.length > most.length ? part : most), '');
}

/** The signature that a line of a log bears. */
export function signatureOf(line: string): Signature | undefined {
  return PATTERNS.find(
    ({ signature, says }) =>
      says.some((parts) => hasInOrder(line, parts)) && !signature.not?.some((text) => line.includes(text)),
  )?.signature;
}

function hasInOrder(line: string, parts: readonly string[]): boolean {
  let at = 0;
  for (const part of parts) {
    const found = line.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}

const XID = /Xid \(PCI:([0-9A-Fa-f:.]{4,20})\): (\d{1,4})/;
const SERIAL = /\b(?:serial(?: number)?|S\/N)[: =]{1,3}(\d{8,16})\b|\b(GPU-[0-9a-f-]{36})\b/i;

/** What to do about a line that bears a signature: for hardware, which GPU, and how to keep the job off the node. */
export function adviceOn(signature: Signature, line: string, node: string): string {
  if (signature.class !== 'hardware') return signature.advice;
  const [, pci, xid] = XID.exec(line) ?? [];
  const [, serial, uuid] = SERIAL.exec(line) ?? [];
  const gpu = [
    pci && `GPU ${pci}`,
    xid && `Xid ${xid}`,
    serial && `serial number ${serial}`,
    uuid && uuid,
  ].filter(Boolean);
  const which = gpu.length === 0 ? '' : `${gpu.join(', ')}: `;
  const how = node === '' ? '' : ` (slurm.directives: {exclude: ${node}})`;
  return `${which}${signature.advice}${how}`;
}
