import { DynSlurmError } from '../errors.ts';
import type { Host } from '../host/host.ts';
import type { EventOf } from '../run/events.ts';
import type { Run } from '../run/folder.ts';
import { adviceFor, isHang } from './advice.ts';
import { type RunSignature, runSignature } from './run-signature.ts';

/** It did not do what it was for, and somebody should look. */
export function isBad({ outcome, inferred }: EventOf<'verdict'>): boolean {
  return outcome === 'failed' || outcome === 'deadline' || outcome === 'unknown' || inferred === true;
}

/** The known fatal line in the logs of a run that ended badly. Logs that cannot be read tell nothing. */
export async function knownCause(
  verdict: EventOf<'verdict'>,
  run: Pick<Run, 'dir'>,
  host: Host,
): Promise<RunSignature | undefined> {
  if (!isBad(verdict)) return undefined;
  try {
    return await runSignature(host, run, verdict);
  } catch (error) {
    if (error instanceof DynSlurmError) return undefined;
    throw error;
  }
}

/** What to do about a run that ended badly: every command and the report say the same. */
export function nextStep(verdict: EventOf<'verdict'>, known: RunSignature | undefined): string | undefined {
  if (verdict.step === 'install') return adviceFor(verdict);
  // What its logs tell is older than the hang, unless the hardware is at fault.
  if (isHang(verdict) && known?.signature.class !== 'hardware') return adviceFor(verdict);
  return known?.advice ?? adviceFor(verdict);
}
