import type { StartStage } from '../start-stages.ts';
import type { StageLine } from './dialect.ts';
import { readStamp } from './line-stamp.ts';

type Said = Pick<StageLine, 'stage' | 'state'>;

/** Words that tell of a stage of a worker's start, and what they tell. */
export type StageWords = readonly [words: string, said: Said];

/** The count of a progress bar: `| 5/11 [00:03`. */
const COUNT = /\| (\d{1,9})\/(\d{1,9}) \[/;

/** Reads what a line tells of a start: the first of the words that it has counts. */
export function stageReader(
  stages: readonly StageWords[],
  advice: Readonly<Partial<Record<StartStage, string>>> = {},
): (line: string) => StageLine | undefined {
  return (line) => {
    const [words, said] = stages.find(([each]) => line.includes(each)) ?? [];
    if (words === undefined || said === undefined) return undefined;
    const [, done, total] = COUNT.exec(line) ?? [];
    const count = done === undefined ? {} : { done: Number(done), total: Number(total) };
    const own = advice[said.stage];
    const stamp = readStamp(line.slice(0, line.indexOf(words)));
    return { kind: 'stage', ...stamp, ...said, ...count, ...(own !== undefined && { advice: own }) };
  };
}
