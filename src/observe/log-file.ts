import { join } from 'node:path/posix';
import type { Host } from '../host/host.ts';
import { attemptDir } from '../run/folder.ts';
import type { Outline } from '../run/plan-file.ts';

/** A log of a run: of a step's task on one node, or of the batch script, whose step is `job`. */
export interface LogFile {
  readonly step: string;
  /** Empty for the batch script's. */
  readonly node: string;
  readonly path: string;
}

export const JOB_LOG = 'job';

/** The folder with the logs of an attempt's steps: attempt 0 is the first, later ones followed a requeue. */
export function logFolder(runDir: string, attempt = 0): string {
  return join(attemptDir(runDir, attempt), 'logs');
}

/** Numbers of the attempts that have folders of their own, in their order; `names`: of what is in `attempts`. */
export function attemptsAmong(names: readonly string[]): readonly number[] {
  return names
    .filter((name) => /^[1-9]\d{0,5}$/.test(name))
    .map(Number)
    .sort((one, other) => one - other);
}

/** The folder with the logs of a run's latest attempt. */
export async function latestLogFolder(host: Host, run: { readonly dir: string }): Promise<string> {
  return logFolder(run.dir, attemptsAmong(await host.list(join(run.dir, 'attempts'))).at(-1));
}

/** The logs of an attempt, the latest by default, that there are by now: the batch script's, then in launch order. */
export async function listLogs(
  host: Host,
  run: { readonly dir: string },
  outline: Outline | undefined,
  attempt?: number,
): Promise<readonly LogFile[]> {
  const folder = attempt === undefined ? await latestLogFolder(host, run) : logFolder(run.dir, attempt);
  const names = await host.list(folder);
  const order = new Map((outline?.steps ?? []).map(({ name }, index) => [name, index]));
  const place = ({ step }: LogFile): number => order.get(step) ?? order.size;
  const logs = names
    .flatMap((name): LogFile[] => {
      // Step names hold no dots, hosts may: logs/prefill-0.node3.example.org.log
      const [, step, node] = /^([^.]+)\.(.+)\.log$/.exec(name) ?? [];
      return step === undefined || node === undefined ? [] : [{ step, node, path: join(folder, name) }];
    })
    .sort((a, b) => place(a) - place(b));
  return [{ step: JOB_LOG, node: '', path: join(run.dir, 'job.log') }, ...logs];
}

const BLOCK = 64 * 1024;
const NEWLINE = 10;

/** The offset, in bytes, of the last `lines` lines of a file. Reads from the end, a block at a time. */
export async function tailOffset(host: Host, path: string, lines: number): Promise<number> {
  const size = (await host.read(path, 0, 0))?.size ?? 0;
  let missing = lines;
  for (let end = size; end > 0; end -= BLOCK) {
    const start = Math.max(0, end - BLOCK);
    const { bytes } = (await host.read(path, start, end - start)) ?? { bytes: new Uint8Array() };
    for (let index = bytes.length - 1; index >= 0; index--) {
      // The break at the very end closes the last line rather than opening another.
      if (bytes[index] !== NEWLINE || start + index === size - 1) continue;
      if (--missing <= 0) return start + index + 1;
    }
  }
  return 0;
}
