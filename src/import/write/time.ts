import { parseDuration } from '../../config/text/duration.ts';
import type { Findings, Place } from '../finding.ts';
import { apart, type MapBuilder } from '../tree.ts';
import type { Context } from './context.ts';

/** Time of a job whose recipe does not say: until it is ready, and so long after that. */
const WORK = 3600;

export function writeTime(map: MapBuilder, { recipe, cluster, findings }: Context): void {
  const given = recipe.slurm.time ?? cluster.time;
  if (given !== undefined) {
    writeTimeLimit(map, given.value, given.entry, findings);
    return;
  }
  const ready = recipe.deadline?.value ?? 1800;
  const place: Place = recipe.deadline?.entry ?? recipe.place;
  const text = timeText(ready + WORK);
  map.set('time', text, apart(place));
  findings.note(
    place,
    `the recipe gives no time limit; slurm.time is ${text}: ${timeText(ready)} until the service is ready, and 1h`,
    'set slurm.time to what the work takes',
  );
}

/** `slurm.time` of a time limit as Slurm takes it. */
export function writeTimeLimit(map: MapBuilder, given: string, place: Place, findings: Findings): void {
  const text = slurmTime(given);
  if (text !== undefined) map.set('time', text, place);
  else
    findings.refuse(place, `${JSON.stringify(given)} is no time limit`, 'write it as H:MM:SS, or D-HH:MM:SS');
}

/** Slurm's forms of time as one that a config takes: minutes alone, `MM:SS` and days included. */
export function slurmTime(text: string): string | undefined {
  if (/^\d+$/.test(text)) return timeText(Number(text) * 60);
  const short = /^(\d{1,3}):(\d\d)$/.exec(text);
  if (short) return timeText(Number(short[1]) * 60 + Number(short[2]));
  const long = /^(\d{1,4}):(\d\d):(\d\d)$/.exec(text);
  // `00:60:00` is an hour to Slurm.
  if (long) {
    const [, hours, minutes, seconds] = long.map(Number);
    const total = (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
    return total > 0 ? timeText(total) : undefined;
  }
  return (parseDuration(text) ?? 0) > 0 ? text : undefined;
}

/** `1h30m`. */
export function timeText(seconds: number): string {
  const [hours, minutes, rest] = [
    Math.floor(seconds / 3600),
    Math.floor((seconds % 3600) / 60),
    seconds % 60,
  ];
  return `${hours > 0 ? `${hours}h` : ''}${minutes > 0 ? `${minutes}m` : ''}${rest > 0 ? `${rest}s` : ''}`;
}
