import { expect, test } from 'vitest';
import { engineData } from '../../../src/config/compat/engine-data.ts';
import { findArgument, isListed, type Program, releasesOf } from '../../../src/config/compat/engine-table.ts';
import { atLeast } from '../../../src/config/compat/release.ts';
import { jobEngine } from '../../../src/engines/engines.ts';
import { planJob } from '../../../src/plan/assemble.ts';
import { sampleJob } from '../plan/sample-job.ts';

// What dyn-slurm writes itself is known to the releases that it is written for.

const since = (first: string) => engineData().releases.dynamo.filter((release) => atLeast(release, first));

/** Jobs that have all of an engine's flags, by what they have. */
const JOBS = {
  vllm: [
    [
      'ranks on each node',
      { prefill: { nodes: 1, tp: 8 }, decode: { nodes: 2, dp: 16, ep: 16, kv_events: true } },
    ],
    ['replicas over nodes', { aggregated: { nodes: 2, tp: 8, pp: 2, dcp: 2, numa: true } }],
  ],
  trtllm: [
    ['with and without cache events', { prefill: { nodes: 1, kv_events: true }, decode: { nodes: 2 } }],
    ['aggregated', { aggregated: { nodes: 1 } }],
  ],
} as const;

test.each(
  Object.entries(JOBS).flatMap(([type, jobs]) =>
    since('0.7').flatMap((version) =>
      jobs.map(([what, sections]) => [type, version, what, sections] as const),
    ),
  ),
)('%s of Dynamo %s, %s', (type, version, _, sections) => {
  const job = sampleJob({ engine: { type }, dynamo: { version }, ...sections });
  const { plan, problems } = planJob(job);
  const [config] = [job.prefill, job.aggregated].filter((role) => role !== undefined);
  if (plan === undefined || config === undefined) throw new Error(JSON.stringify(problems));
  const programs: readonly Program[] =
    type === 'trtllm'
      ? [{ name: 'dynamo.trtllm', release: version }]
      : jobEngine(job).programs(config, releasesOf(job));
  expect(programs.every(isListed)).toBe(true);
  const words = plan.processes.filter(({ kind }) => kind === 'worker').flatMap(({ argv }) => argv);
  const flags = words.flatMap((word) =>
    typeof word === 'string' && /^--\w/.test(word) ? [word.slice(2)] : [],
  );
  const unknown = flags.filter((name) => !programs.some((program) => findArgument(program, name)));
  // Said of it in a warning.
  const warned = problems.map(({ message }) => message).join('\n');
  expect([...new Set(unknown)].filter((name) => !warned.includes(`--${name}`))).toEqual([]);
});
