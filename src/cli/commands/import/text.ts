import { count } from '../../../config/text/plural.ts';
import type { Verdict } from '../../../import/check/check.ts';
import type { Finding } from '../../../import/finding.ts';
import type { Imported } from '../../../import/import.ts';

/** What a kind of finding means to whoever reads it. */
const LABELS: Readonly<Record<Finding['kind'], string>> = {
  refused: 'error',
  lost: 'not carried over',
  site: 'check',
  note: 'note',
};

/** `recipe.yaml:12:3  not carried over: backend.x: why`, and what to do about it in a line of its own. */
export function findingText({ kind, file, line, column, path, message, hint }: Finding): string {
  const subject = path === '' ? '' : `${path}: `;
  const first = `${file}:${line}:${column}  ${LABELS[kind]}: ${subject}${message}`;
  return hint === undefined ? `${first}\n` : `${first}\n  hint: ${hint}\n`;
}

/** What became of a file, in one line. */
export function outcomeText(imported: Imported, written: readonly string[], foreign?: string): string {
  const { file, kind, documents, findings } = imported;
  if (kind === 'other') return `${file}: is ${foreign ?? 'no recipe of srt-slurm'}\n`;
  if (kind === 'cluster')
    return `${file}: describes a cluster of srt-slurm; give it as --profile to import recipes for it\n`;
  if (documents.length === 0) return `${file}: cannot be imported\n`;
  const told = (['lost', 'site', 'note'] as const).flatMap((one) => {
    const number = findings.filter((finding) => finding.kind === one).length;
    return number === 0
      ? []
      : [
          one === 'lost'
            ? `${number} not carried over`
            : one === 'site'
              ? `${number} to check`
              : count(number, 'note'),
        ];
  });
  const to =
    written.length > 0 ? ` to ${written.slice(0, 3).join(', ')}${written.length > 3 ? ', …' : ''}` : '';
  return `${file}: imported${to}${told.length > 0 ? ` (${told.join(', ')})` : ''}\n`;
}

/** What a comparison of plan and recipe found. */
export function verdictText(
  { file, kind }: Pick<Imported, 'file' | 'kind'>,
  selector: string | undefined,
  verdict: Verdict,
): string {
  const name = selector === undefined ? file : `${file}:${selector}`;
  const origin = kind === 'command' ? 'command line' : 'recipe';
  switch (verdict.outcome) {
    case 'agrees':
      return `${name}: the plan agrees with the ${origin}\n`;
    case 'unplanned':
      return `${name}: is imported, but not planned: ${verdict.reason}\n`;
    case 'refused':
      return `${name}: has no plan\n`;
    case 'differs':
      return `${name}: the plan differs from the ${origin}\n${verdict.differences.map((one) => `  ${one}\n`).join('')}`;
  }
}
