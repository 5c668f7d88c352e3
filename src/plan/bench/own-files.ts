import type { BenchConfig } from '../../config/schema/bench.ts';

/** A file that a benchmark reads on its node. */
export interface BenchFile {
  readonly what: string;
  readonly path: string;
}

/** The files that a benchmark names, so that they are mounted, and looked for before anything starts. */
export function benchFiles(bench: BenchConfig | undefined): readonly BenchFile[] {
  const { accuracy, trace } = bench ?? {};
  const questions = accuracy?.dataset?.startsWith('/') ? accuracy.dataset : undefined;
  return [
    ...(questions === undefined ? [] : [{ what: 'the questions of bench.accuracy', path: questions }]),
    ...(trace === undefined ? [] : [{ what: 'the trace of the benchmark', path: trace }]),
  ];
}
