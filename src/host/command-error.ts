import { DynSlurmError, type ErrorCode } from '../errors.ts';
import { quote } from '../render/shell.ts';
import { plainText } from './plain-text.ts';

export interface FailedCommand {
  /** What it means, without how it ended: `sbatch refused the job`. */
  readonly what: string;
  /** `exit 1`, `killed by SIGKILL`, `no answer within 30 s`. */
  readonly how: string;
  readonly argv: readonly string[];
  /** Name of the host. */
  readonly host: string;
  readonly stderr?: string;
  readonly stdout?: string;
  /** What the command said is the best explanation, and comes before ours. */
  readonly wordsFirst?: boolean;
}

/** From cause to detail: what failed and how, the command as it can be pasted, then what it said, stderr first. */
export function commandError(
  failed: FailedCommand,
  code: ErrorCode,
  options: { hint?: string; cause?: unknown } = {},
): DynSlurmError {
  const ours = [
    `${failed.what} (${failed.how})`,
    `  ran:  ${failed.argv.map(quote).join(' ')}   on ${failed.host}`,
  ];
  const words = [...said(failed.stderr), ...said(failed.stdout)];
  const lines = failed.wordsFirst ? [...words, ...ours] : [...ours, ...words];
  return new DynSlurmError(code, lines.join('\n'), options);
}

const MOST_LINES = 40;

function said(text = ''): readonly string[] {
  const lines = text.trimEnd().split('\n').map(plainText);
  if (lines.length === 1 && lines[0] === '') return [];
  return lines.length <= MOST_LINES ? lines : ['…', ...lines.slice(-MOST_LINES)];
}
