import type { StageLine } from './dialect.ts';
import { type StageWords, stageReader } from './stage-words.ts';

/** `dyn-slurm: 2026-08-19T14:11:49+0000 setup begins: setup, for at most 600 s`: say_setup of templates/setup.sh. */
const STAGES: readonly StageWords[] = [
  [' setup waits: ', { stage: 'setup', state: 'going' }],
  [' setup begins: ', { stage: 'setup', state: 'going' }],
  [' setup ends: ', { stage: 'setup', state: 'done' }],
];

const readStage = stageReader(STAGES);

export const SETUP_WORDS: readonly string[] = STAGES.map(([words]) => words);

/** What a line tells of the setup that comes before any engine. */
export function readSetupLine(line: string): StageLine | undefined {
  return line.startsWith('dyn-slurm: ') ? readStage(line) : undefined;
}
