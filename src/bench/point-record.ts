/** FOLDER/point: when a measurement was made, and how it ended. bench.sh writes it, and so does the built-in client. */
export interface PointRecord {
  /** Milliseconds since 1970. */
  readonly started: number;
  /** Absent while it runs, and where nobody could note its end. */
  readonly ended?: number;
  /** Exit code of the tool. */
  readonly status?: number;
  /** `told`: the job or a person ended it; `late`: its own time limit did. */
  readonly how?: 'itself' | 'told' | 'late';
}

/** Undefined where the text is none. */
export function parsePointRecord(text: string): PointRecord | undefined {
  const values = new Map(text.split('\n').map((line) => [line.split(' ')[0], line.split(' ')[1]] as const));
  const at = (key: string) => {
    const value = Number(values.get(key) ?? Number.NaN);
    return Number.isNaN(new Date(value).getTime()) ? undefined : value;
  };
  const started = at('started');
  if (started === undefined) return undefined;
  const how = values.get('how');
  if (how !== 'itself' && how !== 'told' && how !== 'late') return { started };
  const ended = at('ended');
  const status = Number(values.get('status') ?? Number.NaN);
  return { started, ...(ended !== undefined && { ended }), ...(Number.isFinite(status) && { status }), how };
}

export function pointRecordText({ started, ended, status, how }: PointRecord): string {
  const end = how === undefined ? [] : [`ended ${ended}`, `status ${status}`, `how ${how}`];
  return [`started ${started}`, ...end, ''].join('\n');
}

/** It ended by itself, and well. */
export function isWhole(record: PointRecord | undefined): boolean {
  return record?.how === 'itself' && record.status === 0;
}

/** Why what it is about has not ended well; undefined where it has. */
export function endProblem(record: PointRecord): string | undefined {
  const { how, status } = record;
  if (isWhole(record)) return undefined;
  if (how === undefined) return 'its end was not recorded';
  if (how === 'told') return 'it was stopped before it finished';
  if (how === 'late') return 'it reached its time limit';
  return `the tool ended with exit code ${status}`;
}

/** RFC 3339. */
export function recordTimes(record: PointRecord | undefined): {
  readonly started?: string;
  readonly ended?: string;
} {
  const text = (milliseconds: number) => new Date(milliseconds).toISOString();
  return {
    ...(record !== undefined && { started: text(record.started) }),
    ...(record?.ended !== undefined && { ended: text(record.ended) }),
  };
}
