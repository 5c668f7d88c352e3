import type { ConfigValue } from '../../config/yaml/tree.ts';
import type { Findings } from '../finding.ts';
import { type Found, Keys, spelled } from '../keys.ts';
import type { RecipeProfiling } from './recipe.ts';

interface Identity {
  readonly about: readonly string[];
  readonly frameworks: Keys;
  readonly image: Found<string> | undefined;
}

/** What should be running, as the recipe has it: it goes into the header. */
export function readIdentity(root: Keys, findings: Findings): Identity {
  const entry = root.take('identity');
  const keys = root.sectionOf(entry) ?? new Keys(root.place, undefined, findings);
  return {
    about: entry ? leaves(entry.value, 'identity') : [],
    frameworks: keys.section('frameworks'),
    image: keys.section('container').text('image'),
  };
}

function leaves(value: ConfigValue, path: string): readonly string[] {
  if (value.kind === 'scalar') return value.value === null ? [] : [`${path}: ${spelled(value)}`];
  if (value.kind === 'list') return value.items.flatMap((item, index) => leaves(item, `${path}[${index}]`));
  return [...value.entries].flatMap(([key, entry]) => leaves(entry.value, `${path}.${key}`));
}

export function readProfiling(root: Keys, findings: Findings): RecipeProfiling | undefined {
  const keys = root.section('profiling');
  const type = keys.text('type');
  const extra = keys.take('extra_nsys_args');
  if (type === undefined || type.value === 'none') {
    keys.ignore(
      [...(keys.map?.entries.keys() ?? [])].filter((key) => key !== 'type'),
      'has no effect: nothing is profiled',
    );
    return undefined;
  }
  keys.lose(
    [...(keys.map?.entries.keys() ?? [])].filter((key) => key !== 'type' && key !== 'extra_nsys_args'),
    'says when the profiler records, which `dyn-slurm profile` asks for while the job runs',
  );
  if (!/^(nsys|nsys-time|torch)$/.test(type.value))
    findings.lose(
      type.entry,
      `${JSON.stringify(type.value)} is not a profiler that dyn-slurm knows`,
      'it knows nsys and torch',
    );
  if (type.value === 'torch')
    findings.note(
      type.entry,
      'the profiler of torch needs nothing in the config',
      'run `dyn-slurm profile` while the job runs',
    );
  const items = extra?.value.kind === 'list' ? extra.value.items : extra ? [extra.value] : [];
  const words = items.flatMap((item) =>
    item.kind === 'scalar' && item.value !== null && extra
      ? spelled(item)
          .split(/\s+/)
          .filter(Boolean)
          .map((value) => ({ value, entry: extra }))
      : [],
  );
  return { type, words };
}
