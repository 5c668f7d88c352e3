/** What the patterns of --output, --error and --input stand for. */
export interface FilenameFields {
  readonly job: number;
  readonly step: string;
  /** Of the job, %x. */
  readonly name: string;
  readonly user: string;
  readonly host: string;
  /** Relative to the job, or to the step in one. */
  readonly node: number;
  readonly task: number;
}

/** Fills a pattern: `logs/%x-%3t.log`. What it does not know stays as it is. */
export function fillFilename(pattern: string, fields: FilenameFields): string {
  return pattern.replaceAll(/%(\d*)([%AJNajnstux])/g, (_, width: string, letter: string) => {
    const value = meaning(letter, fields);
    return /^\d+$/.test(value) ? value.padStart(Math.min(Number(width), 10), '0') : value;
  });
}

function meaning(letter: string, fields: FilenameFields): string {
  switch (letter) {
    case '%':
      return '%';
    case 'A':
    case 'j':
      return String(fields.job);
    case 'J':
      return `${fields.job}.${fields.step}`;
    case 'a':
      // NO_VAL, as Slurm 22.05 prints it for a job that is no array.
      return '4294967294';
    case 'N':
      return fields.host;
    case 'n':
      return String(fields.node);
    case 's':
      return fields.step;
    case 't':
      return String(fields.task);
    case 'u':
      return fields.user;
    default:
      return fields.name;
  }
}

/** Whether each task of a step writes a file of its own. */
export function isPerTask(pattern: string): boolean {
  return /%\d*[Nnt]/.test(pattern.replaceAll('%%', ''));
}
