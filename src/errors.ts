/** Exit codes of the command line; documented in docs/troubleshooting.md. */
export const EXIT = {
  ok: 0,
  usage: 2,
  config: 3,
  preflight: 4,
  rejected: 5,
  connection: 6,
  jobFailed: 7,
  deadline: 8,
  cancelled: 9,
  benchmarkInvalid: 10,
  interrupted: 130,
} as const;

export type ErrorCode = Exclude<keyof typeof EXIT, 'ok'>;

/** Something that the user or the cluster must fix. Anything else that escapes is a bug and keeps its stack. */
export class DynSlurmError extends Error {
  readonly code: ErrorCode;
  /** What to do about it, as one sentence. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DynSlurmError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** What `work` gives, or `instead` where it fails for the user or the cluster to fix. A bug is thrown on. */
export async function withFallback<Value, Instead>(
  work: Promise<Value>,
  instead: Instead,
): Promise<Value | Instead> {
  return work.catch((error: unknown) => {
    if (error instanceof DynSlurmError) return instead;
    throw error;
  });
}

/** An error as a person reads it: its message, and below that what to do. */
export function errorText({ message, hint }: Pick<DynSlurmError, 'message' | 'hint'>): string {
  return `${message}\n${hint ? `  hint: ${hint}\n` : ''}`;
}
