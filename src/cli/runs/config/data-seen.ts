import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type TraceFault, TraceReader } from '../../../bench/trace-file.ts';
import { TRACE_LINE } from '../../../config/rules/sessions.ts';
import type { BenchConfig } from '../../../config/schema/bench.ts';
import type { Diagnostic } from '../../../config/yaml/diagnostic.ts';
import { error, type Problem } from '../../../config/yaml/problem.ts';
import type { World } from '../../world.ts';
import type { Loaded } from './load.ts';

/** Faults that are shown; more of the same help nobody. */
const SHOWN = 5;

/**
 * What is wrong with the trace of a benchmark, where this machine submits the job and has the file. Whether it is on the
 * nodes is asked there.
 */
export async function traceSeen(
  { plan, locateProblem }: Loaded,
  world: World,
): Promise<readonly Diagnostic[]> {
  const bench = plan?.bench?.config;
  const { trace } = bench ?? {};
  if (!bench || trace === undefined || locateProblem === undefined) return [];
  if (plan?.cluster.host !== undefined || !(await world.exists(trace))) return [];
  const faults = await faultsIn(trace, bench, world);
  const shown = faults.slice(0, SHOWN);
  return shown.map((fault, index) =>
    locateProblem(problem(trace, fault, index === SHOWN - 1 ? faults.length - SHOWN : 0)),
  );
}

async function faultsIn(
  trace: string,
  { fixed_schedule: timed = false }: BenchConfig,
  { signal, readBytes }: World,
): Promise<readonly TraceFault[]> {
  const reader = new TraceReader({ timed });
  try {
    // A pipe can be read once, which the benchmark has to do, and a device has no end.
    if ((await readBytes(trace, 1)) === undefined) return [{ line: 1, reason: 'is not a file' }];
    const lines = createInterface({
      input: createReadStream(trace, { signal }),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    for await (const line of lines) reader.push(line);
  } catch (cause) {
    if (signal.aborted) throw cause;
    return [{ line: 1, reason: `cannot be read: ${(cause as Error).message}` }];
  }
  return reader.end();
}

function problem(trace: string, { line, reason }: TraceFault, more: number): Problem {
  const others = more > 0 ? ` (and ${more} more)` : '';
  return error(
    ['bench', 'trace'],
    `${trace}:${line}: ${reason}${others}`,
    `write one request a line, such as ${TRACE_LINE}`,
  );
}
