import { dirname, join } from 'node:path/posix';
import type { Host } from '../host/host.ts';
import type { EventOf } from './event.ts';
import { inGroups } from './in-groups.ts';
import { type LogFile, listLogs, logFolder } from './log-file.ts';
import { sameNode } from './node-name.ts';
import { adviceOn, SIGNATURES, signatureOf } from './signature.ts';
import { type FoundSignature, WorkerLog } from './worker-log.ts';

/** What is known of why a run failed, beyond its verdict. */
export interface RunSignature extends FoundSignature {
  readonly log: LogFile;
}

/** Bytes at the end of a log in which the cause is looked for. */
const TAIL = 4 * 1024 * 1024;
/** Logs beside that of the process that failed. */
const MOST_LOGS = 64;

/**
 * The signature in the log of the process that failed, else in those of its step's other nodes; where no process is known,
 * in any. Where several are there, a fault of the hardware counts before what follows from it.
 */
export async function runSignature(
  host: Host,
  run: { readonly dir: string },
  { step, node, line, attempt }: Pick<EventOf<'verdict'>, 'step' | 'node' | 'line' | 'attempt'>,
): Promise<RunSignature | undefined> {
  const logs = await listLogs(host, run, undefined);
  const own = logs.filter((log) => log.step === step && sameNode(log.node, node));
  if (step !== undefined) {
    // What Slurm says of a step, such as that the kernel killed its processes, is not in the step's log.
    const said = join(dirname(logFolder(run.dir, attempt)), 'state', `${step}.srun`);
    own.push({ step, node: node ?? '', path: said });
  }
  const found = [...(await inGroups(own, (log) => inLog(host, log)))];
  const [its] = own;
  const last = line === undefined ? undefined : signatureOf(line);
  if (line !== undefined && last && its)
    found.push([{ signature: last, line, advice: adviceOn(last, line, its.node), log: its }]);
  const [first] = sorted(found);
  // What the network did is often what another node suffered from.
  if (first && first.signature.class !== 'network') return first;
  const kin = logs.filter((log) => !step || (log.step === step && !sameNode(log.node, node)));
  const others = await inGroups(kin.slice(0, MOST_LOGS), (log) => inLog(host, log));
  const [best] = sorted([...found, ...others]);
  return best;
}

function sorted(found: readonly (readonly RunSignature[])[]): readonly RunSignature[] {
  const place = ({ signature }: RunSignature) => SIGNATURES.indexOf(signature);
  return found.flat().sort((a, b) => place(a) - place(b));
}

async function inLog(host: Host, log: LogFile): Promise<readonly RunSignature[]> {
  const size = (await host.read(log.path, 0, 0))?.size ?? 0;
  const reader = new WorkerLog(host, log, Math.max(0, size - TAIL));
  await reader.read(0, TAIL);
  reader.end();
  return reader.takeSignatures().map((found) => ({ ...found, log }));
}
