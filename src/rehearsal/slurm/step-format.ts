import { shortDuration } from './duration.ts';
import { compressHostlist } from './hostlist.ts';
import type { JobRecord, StepRecord } from './job-record.ts';
import type { Column } from './table-format.ts';

interface StepRow {
  readonly job: JobRecord;
  readonly step: StepRecord;
}

export const DEFAULT_STEP_FORMAT = '%.15i %.8j %.9P %.8u %.9M %N';

/** Columns of `squeue --steps` that the stand-in knows. */
export const STEP_COLUMNS: readonly Column<StepRow>[] = [
  { letter: 'i', name: 'stepid', heading: 'STEPID', value: ({ job, step }) => `${job.id}.${step.step}` },
  { letter: 'j', name: 'stepname', heading: 'NAME', value: ({ step }) => step.name },
  { letter: 'P', name: 'partition', heading: 'PARTITION', value: ({ job }) => job.partition },
  { letter: 'u', name: 'username', heading: 'USER', value: ({ job }) => job.user },
  {
    letter: 'M',
    name: 'timeused',
    heading: 'TIME',
    value: ({ step }, { now }) => shortDuration((now - step.started) / 1000),
  },
  {
    letter: 'N',
    name: 'nodes',
    heading: 'NODELIST',
    value: ({ job, step }) => compressHostlist(step.nodes.map((node) => job.hosts[node] ?? '')),
  },
];
