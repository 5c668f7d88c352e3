import data from './refusals.json' with { type: 'json' };

/** Words with which sbatch or salloc refuses a job, and what to do about them. */
export interface Refusal {
  /** Regular expressions, without regard to case; any of them. */
  readonly says: readonly string[];
  /** Regular expressions of the same kind, for what a site says that nothing better is known of. */
  readonly words?: readonly string[];
  readonly means: string;
  readonly next: string;
}

/** The first that fits a line counts. The words of Slurm itself are those of src/common/slurm_errno.c, 20.11 to 26.05. */
export const REFUSALS: readonly Refusal[] = data;

type Hints = readonly { readonly next: string; readonly said: readonly RegExp[] }[];

const BY_PHRASE = hints(({ says }) => says);
const BY_WORD = hints(({ words = [] }) => words);

function hints(texts: (refusal: Refusal) => readonly string[]): Hints {
  return REFUSALS.map((refusal) => ({
    next: refusal.next,
    said: texts(refusal).map((text) => new RegExp(text, 'i')),
  }));
}

/** What Slurm puts before its own reason, which comes last. */
const OF_SLURM =
  /(?:Batch job submission failed|allocation failure|Job submit\/allocate failed|Unable to allocate resources): /i;
const UNSAID = /: (?:Unspecified error|No error)$|policy\.?$/i;
/** A check of the site's that the job passed. */
const PASSED = /\bOK\.?$/;
/** What a machine whose plugins are not complete always prints, and warnings of sites that refuse nothing. */
const NOISE = /: Plugin file not found\.?$|\brunning low\b/;
const SITE =
  'a rule of the cluster refuses the job: its message, if any, comes first; ask the administrators, or see the documentation of the cluster';

/**
 * What to do about a refusal, where its words are known. What a plugin of the site says comes before Slurm's own reason,
 * which is the same for many rules.
 */
export function refusalHint(stderr: string): string | undefined {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const own = lines.filter((line) => OF_SLURM.test(line));
  const others = lines.filter((line) => !OF_SLURM.test(line) && !PASSED.test(line.trim()));
  const said = others.filter((line) => !NOISE.test(line));
  const noise = others.filter((line) => NOISE.test(line));
  const known =
    firstHint([...said, ...own], BY_PHRASE) ?? firstHint(said, BY_WORD) ?? firstHint(noise, BY_PHRASE);
  if (known !== undefined) return known;
  return own.some((line) => UNSAID.test(line)) ? SITE : undefined;
}

function firstHint(lines: readonly string[], known: Hints): string | undefined {
  for (const line of lines) {
    const text = line.replace(/^\w+: (?:error|fatal): /, '');
    const hint = known.find(({ said }) => said.some((each) => each.test(text)));
    if (hint) return hint.next;
  }
  return undefined;
}
