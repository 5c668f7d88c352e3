/**
 * The comment of a run's job: what the user wrote, with a mark in it, `dyn-slurm:RUN`, by which the job is found again when
 * sbatch's answer was lost. Comments are read by others too, often as JSON, which stays JSON: an object gets one more member,
 * an array one more item.
 */
export function jobComment(runId: string, given = ''): string {
  const mark = `dyn-slurm:${runId}`;
  const text = given.trim();
  if (text === '') return mark;
  const value = parsed(text);
  const within = (added: string) => `${text.slice(0, -1).trimEnd()}${added}${text.slice(-1)}`;
  if (typeof value === 'string') return within(` ${mark}`);
  if (Array.isArray(value)) return within(`${value.length === 0 ? '' : ','}"${mark}"`);
  if (typeof value !== 'object' || value === null) return `${text} ${mark}`;
  let key = 'dyn-slurm';
  while (Object.hasOwn(value, key)) key = `${key}-run`;
  return within(`${Object.keys(value).length === 0 ? '' : ','}"${key}":"${mark}"`);
}

/** The runs whose marks are in a comment, wherever they stand: a site's plugin may have put its own words around them. */
export function runsOfComment(comment: string): readonly string[] {
  return [...comment.matchAll(MARK)].map(([, id = '']) => id);
}

/** A run's id is its job's name and six digits; what a name may hold, a sentence may end with. */
const MARK = /dyn-slurm:([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?)/g;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
