import { MANAGED_OPTIONS, sbatchOption } from '../../config/compat/sbatch-options.ts';
import { HARMFUL_SRUN_OPTIONS, MANAGED_SRUN_OPTIONS, srunOption } from '../../config/compat/srun-options.ts';
import { directive } from '../../config/schema/fields.ts';
import type { ConfigEntry } from '../../config/yaml/tree.ts';
import { isNull, spelled } from '../keys.ts';
import { apart, MapBuilder } from '../tree.ts';
import type { Context } from './context.ts';
import { writeTime } from './time.ts';

/** Options of sbatch that have a key of their own, taken over as they are. */
const KEYS: ReadonlyMap<string, string> = new Map([
  ['account', 'account'],
  ['partition', 'partition'],
  ['qos', 'qos'],
  ['reservation', 'reservation'],
  ['constraint', 'constraint'],
]);

/** `slurm`. */
export function writeSlurm(context: Context): MapBuilder {
  const { recipe, cluster } = context;
  const map = new MapBuilder(recipe.slurm.time?.entry ?? recipe.place);
  const account = recipe.slurm.account ?? cluster.account;
  const partition = recipe.slurm.partition ?? cluster.partition;
  if (account) map.set('account', account.value, account.entry);
  if (partition) map.set('partition', partition.value, partition.entry);
  writeTime(map, context);
  const directives = new MapBuilder(recipe.slurm.directives[0] ?? recipe.place);
  for (const entry of recipe.slurm.directives) writeDirective(map, directives, entry, context);
  map.add('directives', directives, apart(recipe.slurm.directives[0] ?? recipe.place));
  writeSrun(map, context);
  return map;
}

/** An option of sbatch, under its own key of `slurm` or in `directives`. */
export function writeDirective(
  map: MapBuilder,
  directives: MapBuilder,
  entry: ConfigEntry,
  { findings }: Pick<Context, 'findings'>,
): void {
  const name = String(entry.path.at(-1));
  if (entry.value.kind !== 'scalar') {
    findings.lose(entry, 'is no value of an option of sbatch');
    return;
  }
  if (isNull(entry.value) || entry.value.value === false) return;
  const text = entry.value.value === true ? '' : spelled(entry.value);
  const found = sbatchOption(name);
  const option = 'option' in found ? found.option : name;
  if (option === 'mem' && text === '0') {
    findings.note(entry, 'is what exclusive nodes are asked for anyway');
    return;
  }
  if (option === 'exclusive') {
    if (text !== '' && text !== 'true')
      findings.lose(entry, `nodes are exclusive, but not in the way of ${text}`);
    return;
  }
  const key = KEYS.get(option);
  if (key !== undefined && directive.safeParse(text).success) {
    map.set(key, text, entry);
    return;
  }
  if (option === 'segment' && /^[1-9]\d*$/.test(text)) {
    map.set('segment', Number(text), entry);
    return;
  }
  if (option === 'requeue') {
    map.set('requeue', true, entry);
    return;
  }
  const manager = MANAGED_OPTIONS.get(option);
  if (manager !== undefined) {
    findings.lose(entry, `--${option} is set by dyn-slurm${manager === '' ? '' : `, from ${manager}`}`);
    return;
  }
  // Recipes quote values for the shell of srt-slurm's script.
  const [, quoted] = /^'(.*)'$/s.exec(text) ?? [];
  if (/[\u0000-\u001f\u007f]/.test(text) || !/^[a-z][a-z0-9-]+$/.test(name))
    findings.lose(entry, 'is no option of sbatch that a config can have');
  else directives.set(name, text === '' ? true : (quoted ?? text), entry);
}

function writeSrun(map: MapBuilder, { recipe, findings }: Context): void {
  const options = new MapBuilder(recipe.slurm.srun[0] ?? recipe.place);
  for (const entry of recipe.slurm.srun) {
    if (entry.value.kind !== 'scalar' || isNull(entry.value) || entry.value.value === false) continue;
    const text = entry.value.value === true ? '' : spelled(entry.value);
    const name = String(entry.path.at(-1));
    const { option } = srunOption(name);
    const why = MANAGED_SRUN_OPTIONS.has(option) ? 'is set by dyn-slurm' : HARMFUL_SRUN_OPTIONS.get(option);
    if (name === 'mem' && text === '0') findings.note(entry, 'is what steps on exclusive nodes have anyway');
    else if (why !== undefined) findings.lose(entry, `--${name} ${why}`);
    else if (!/^[a-z][a-z0-9-]+$/.test(name) || /[\u0000-\u001f\u007f]/.test(text))
      findings.lose(entry, 'is no option of srun that a config can have');
    else options.set(name, text === '' ? true : text, entry);
  }
  map.add('srun', options, apart(recipe.slurm.srun[0] ?? recipe.place));
}
