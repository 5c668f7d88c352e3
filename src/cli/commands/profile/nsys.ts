import { join } from 'node:path/posix';
import type { Host } from '../../../host/host.ts';
import type { Chosen } from './choice.ts';
import { type Trace, type TraceTimeouts, wholeTraces } from './traces.ts';

const REPORT = /\.nsys-rep$/;

/** Names of the reports that nsys has written so far. It writes to the attempt's logs, the one folder that is there from the start. */
export async function nsysReports(host: Host, attemptDir: string): Promise<ReadonlySet<string>> {
  const files = await host.list(join(attemptDir, 'logs'));
  return new Set(files.filter((file) => REPORT.test(file)));
}

/** Takes a worker's new reports, one a node, to the folder of the profile. */
export async function collectReports(
  host: Host,
  attemptDir: string,
  folder: string,
  { step, nodes }: Pick<Chosen, 'step' | 'nodes'>,
  before: ReadonlySet<string>,
  timeouts: TraceTimeouts,
  signal: AbortSignal,
): Promise<readonly Trace[]> {
  const logs = join(attemptDir, 'logs');
  const isNew = (file: string) => file.startsWith(`${step}.`) && REPORT.test(file) && !before.has(file);
  const traces = await wholeTraces(host, logs, nodes, timeouts, signal, isNew);
  if (traces.length === 0 || signal.aborted) return traces;
  const to = join(folder, step);
  await host.writeFiles(to, new Map());
  const argv = ['mv', '-n', '--', ...traces.map(({ file }) => join(logs, file)), to];
  const { exitCode } = await host.exec(argv, { timeout: 60_000, signal });
  // They stay where nsys has put them.
  return exitCode === 0 ? traces : traces.map(({ file, bytes }) => ({ file: join(logs, file), bytes }));
}
