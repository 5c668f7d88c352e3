import type { KernelsLine, StageLine } from './dialect.ts';
import { readStamp } from './line-stamp.ts';
import { type StageWords, stageReader } from './stage-words.ts';

/** `dyn-slurm: 2026-08-19T14:11:49+0000 setup begins: setup, for at most 600 s`: set_up of templates/setup.sh. */
const STAGES: readonly StageWords[] = [
  [' setup waits: ', { stage: 'setup', state: 'going' }],
  [' setup begins: ', { stage: 'setup', state: 'going' }],
  [' setup ends: ', { stage: 'setup', state: 'done' }],
];

const readStage = stageReader(STAGES);

/** `dyn-slurm: 2026-08-19T14:11:49+0000 kernels cold: /lustre/runs/.kernels/…`: keep_kernels of templates/kernels.sh. */
const KERNELS = / kernels (cached|cold): /;

export const SETUP_WORDS: readonly string[] = [
  ...STAGES.map(([words]) => words),
  ' kernels cached: ',
  ' kernels cold: ',
];

/** What a line tells of what comes before any engine. */
export function readSetupLine(line: string): StageLine | KernelsLine | undefined {
  if (!line.startsWith('dyn-slurm: ')) return undefined;
  const [before = '', state] = KERNELS.exec(line) ?? [];
  if (state === 'cached' || state === 'cold')
    return { kind: 'kernels', ...readStamp(line.slice(0, line.indexOf(before))), kernels: state };
  return readStage(line);
}
