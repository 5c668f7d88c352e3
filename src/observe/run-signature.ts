import { join } from 'node:path/posix';
import { GRADE, type Grade, JUDGED_BYTES, judge } from '../causes/judge.ts';
import { isNodeFault } from '../causes/node-faults.ts';
import { SIGNATURES, type Signature, signatureOf } from '../causes/signature.ts';
import type { Host } from '../host/host.ts';
import { plainText } from '../host/plain-text.ts';
import { type Blame, hardwareText } from '../run/blame.ts';
import type { EventOf } from '../run/events.ts';
import { attemptDir } from '../run/folder.ts';
import { sameNode } from '../run/node-name.ts';
import type { RunState } from '../run/state.ts';
import { adviceOn } from './advice.ts';
import { inGroups } from './in-groups.ts';
import { type LogFile, listLogs } from './log-file.ts';

/** What is known of why a run failed, beyond its verdict. */
export interface RunSignature {
  readonly signature: Signature;
  /** Plain text. */
  readonly line: string;
  readonly advice: string;
  readonly log: LogFile;
}

/** Logs beside that of the process that failed. */
const MOST_LOGS = 64;

type Found = RunSignature & { readonly grade: Grade };

/**
 * The signature of the line that the verdict names, which the job has judged by the same patterns. Where that is only what
 * another rank's end did to it, the best of the step's other nodes; where no line or process is known, that of the logs.
 */
export async function runSignature(
  host: Host,
  run: { readonly dir: string },
  { step, node, line, attempt }: Pick<EventOf<'verdict'>, 'step' | 'node' | 'line' | 'attempt'>,
): Promise<RunSignature | undefined> {
  const logs = await listLogs(host, run, undefined);
  const own = logs.filter((log) => log.step === step && sameNode(log.node, node));
  const said = step === undefined ? [] : [saidOf(run.dir, step, node, attempt)];
  const its = own[0] ?? said[0];
  const named = line === undefined || its === undefined ? undefined : foundIn(line, its);
  // A fault of the hardware counts before what the job saw of it.
  const inOwn = (await judged(host, own)).filter(
    ({ signature }) => line === undefined || signature.class === 'hardware',
  );
  const found = [...inOwn, ...(named ? [named] : [])].slice(0, 1);
  if (isFirmest(found)) return found[0];
  // What Slurm says of a step, such as that the kernel killed its processes, is not in the step's log.
  const more = await judged(host, said);
  const kin = logs.filter((log) => !step || (log.step === step && !sameNode(log.node, node)));
  const others = isFirmest(more) ? [] : await judged(host, kin.slice(0, MOST_LOGS));
  // An error of its own that nothing is known of yields only to a known cause.
  const better = line === undefined || named ? others : others.filter(({ grade }) => grade === GRADE.cause);
  const [best] = [...found, ...more, ...better].sort(
    (a, b) => b.grade - a.grade || SIGNATURES.indexOf(a.signature) - SIGNATURES.indexOf(b.signature),
  );
  return best;
}

const isFirmest = ([first]: readonly Found[]): boolean =>
  first !== undefined && first.grade !== GRADE.symptom && first.grade !== GRADE.rest;

function saidOf(dir: string, step: string, node = '', attempt = 0): LogFile {
  return { step, node, path: join(attemptDir(dir, attempt), 'state', `${step}.srun`) };
}

function foundIn(line: string, log: LogFile): Found | undefined {
  const signature = signatureOf(line);
  if (signature === undefined) return undefined;
  const { weight = 'cause' } = signature;
  const grade = weight === 'broad' ? GRADE.error : GRADE[weight];
  return { signature, line, advice: adviceOn(signature, line, log.node), log, grade };
}

async function judged(host: Host, logs: readonly LogFile[]): Promise<readonly Found[]> {
  const found = await inGroups(logs, async (log) => {
    const size = (await host.read(log.path, 0, 0))?.size ?? 0;
    const end = await host.read(log.path, Math.max(0, size - JUDGED_BYTES), JUDGED_BYTES);
    const text = new TextDecoder().decode(end?.bytes);
    // The job's own events tell what it did, not why: a port that moved is no cause.
    const own = text.replace(/^\{"time":.*\n?/gm, '');
    const cut = size >= JUDGED_BYTES;
    const { line, signature, grade } = judge(log.node === '' ? own : text, cut) ?? {
      line: '',
      grade: GRADE.rest,
    };
    if (signature === undefined) return [];
    const plain = plainText(line);
    return [{ signature, line: plain, advice: adviceOn(signature, plain, log.node), log, grade }];
  });
  return [...found].flat();
}

/** The node of which a run's logs tell that its hardware is broken, where the job itself saw only what followed from that. */
export function blameInLog(
  { verdict, bound }: Pick<RunState, 'verdict' | 'bound'>,
  found: RunSignature | undefined,
): readonly Blame[] {
  if (verdict === undefined || found === undefined || !isNodeFault(found.signature)) return [];
  const { log, line, signature } = found;
  const node = bound?.nodes.find(({ host }) => sameNode(host, log.node))?.host ?? log.node;
  if (node === '') return [];
  return [{ node, reason: hardwareText({ title: signature.title, line }), time: verdict.time }];
}
