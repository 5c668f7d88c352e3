import { join } from 'node:path';
import type { Host } from '../../host/host.ts';
import { plainText } from '../../host/plain-text.ts';
import { isBad, knownCause, nextStep } from '../../observe/known-cause.ts';
import { logFolder } from '../../observe/log-file.ts';
import type { RunSignature } from '../../observe/run-signature.ts';
import type { EventOf } from '../../run/events.ts';
import type { Run } from '../../run/folder.ts';
import { sameNode, shortName } from '../../run/node-name.ts';
import { afterText, endText } from './event-text.ts';
import { labelOf } from './log-label.ts';

/**
 * How a run ended, as lines. Where it ended badly: what failed first, where, its last line, its log, and what to do
 * next; `found`: the known fatal line that is in its log.
 */
export function verdictText(verdict: EventOf<'verdict'>, run: Run, found?: RunSignature): string {
  const { outcome, reason } = verdict;
  const head = `${HEADS[outcome] ?? outcome}${afterText(verdict)}: ${reason}`;
  if (!isBad(verdict)) return `${plainText(head)}\n`;
  const advice = nextStep(verdict, found);
  const details = [
    ...(verdict.step === undefined ? [] : culprit(verdict)),
    ...(verdict.line === undefined ? [] : [['last line', verdict.line] as const]),
    ...(found ? signatureRows(found, verdict) : []),
    ...(neverRan(verdict)
      ? []
      : [
          ['log', logFile(verdict, run)] as const,
          ['read it', `dyn-slurm logs ${run.id} ${verdict.step ?? 'job'}`] as const,
        ]),
    ...(advice === undefined ? [] : [['next', advice] as const]),
    ...(found ? [['see', found.signature.link] as const] : []),
  ];
  return [head, ...details.map(([name, value]) => `  ${name.padEnd(11)}${value}`)]
    .map((line) => `${plainText(line)}\n`)
    .join('');
}

/** The same with what is known of the cause, for which the logs of a run that ended badly are searched. */
export async function endingText(verdict: EventOf<'verdict'>, run: Run, host: Host): Promise<string> {
  return verdictText(verdict, run, await knownCause(verdict, run, host));
}

function signatureRows(
  { signature, line, log }: RunSignature,
  verdict: EventOf<'verdict'>,
): readonly (readonly [string, string])[] {
  const elsewhere = log.step === verdict.step && sameNode(log.node, verdict.node) ? '' : `${labelOf(log)}: `;
  return [
    ['known as', `${signature.name}: ${signature.title}`],
    ...(elsewhere === '' && line === verdict.line ? [] : [['its line', `${elsewhere}${line}`] as const]),
  ];
}

/** Its job's script may never have run, and then has no log. */
const neverRan = ({ inferred, seconds, step }: EventOf<'verdict'>): boolean =>
  inferred === true && seconds === 0 && step === undefined;

const HEADS: Readonly<Record<string, string>> = {
  deadline: 'not ready in time',
  timeout: 'ended at the time limit',
  unknown: 'ended; outcome unknown',
};

function culprit({
  step = '',
  role,
  node,
  rank,
  ...end
}: EventOf<'verdict'>): readonly (readonly [string, string])[] {
  const what = role === undefined || step.startsWith(role) ? step : `${step} (${role})`;
  const where = [node && `on ${node}`, rank === undefined ? '' : `rank ${rank}`].filter(Boolean).join(', ');
  return [['process', `${[what, where].filter(Boolean).join(' ')}, ${endText(end)}`]];
}

function logFile({ step, node, attempt }: EventOf<'verdict'>, { dir }: Run): string {
  return step === undefined || node === undefined
    ? join(dir, 'job.log')
    : join(logFolder(dir, attempt), `${step}.${shortName(node)}.log`);
}
