import { sourceOf } from '../../config/rules/managed.ts';
import { environment as schema } from '../../config/schema/fields.ts';
import { namesSecretVariable, secretTexts } from '../../config/text/secret.ts';
import type { ConfigEntry } from '../../config/yaml/tree.ts';
import { isNull, spelled } from '../keys.ts';
import { MapBuilder } from '../tree.ts';
import type { Context } from './context.ts';
import { placed } from './paths.ts';

/** Settings of the job that recipes give as variables of single processes. */
const SETTINGS: Readonly<Record<string, string>> = {
  ETCD_LEASE_TTL: 'infra.etcd.lease_ttl',
  DYN_REQUEST_PLANE: 'infra.request_plane',
  DYN_EVENT_PLANE: 'infra.event_plane',
  DYN_ROUTER_MODE: 'frontend.router_mode',
};

/**
 * The environment of a worker or a frontend: its own, and the recipe's for all, which wins. A secret becomes a reference; what
 * dyn-slurm sets itself is left to it.
 */
export function writeEnvironment(own: readonly ConfigEntry[], context: Context): MapBuilder {
  const map = new MapBuilder(own[0] ?? context.recipe.place);
  for (const [name, entry] of together(own, context))
    if (!isSetting(name, entry, context)) writeVariable(map, name, entry, context);
  return map;
}

/** The environment of a benchmark, in whose own variables a setting of the job is a variable like any other. */
export function writeClientEnvironment(own: readonly ConfigEntry[], context: Context): MapBuilder {
  const map = new MapBuilder(own[0] ?? context.recipe.place);
  const names = new Set(own.map(({ path }) => String(path.at(-1))));
  for (const [name, entry] of together(own, context))
    if (names.has(name) || SETTINGS[name] === undefined) writeVariable(map, name, entry, context);
  return map;
}

/** Variables by their names, without those that are null. */
function together(
  own: readonly ConfigEntry[],
  { recipe, findings }: Context,
): ReadonlyMap<string, ConfigEntry> {
  const all = new Map<string, ConfigEntry>();
  for (const entry of [...own, ...recipe.environment]) {
    if (isNull(entry.value)) continue;
    const name = String(entry.path.at(-1));
    const before = all.get(name);
    if (before !== undefined && textOf(before) !== textOf(entry))
      findings.note(
        before,
        `gives way to ${textOf(entry)} on line ${entry.range.line}: srt-slurm sets the variables of all processes last`,
      );
    all.set(name, before === undefined ? entry : { ...entry, range: before.range });
  }
  return all;
}

/** Whether a variable is a setting of the job, which is then taken. */
function isSetting(name: string, entry: ConfigEntry, { shared }: Context): boolean {
  const setting = SETTINGS[name];
  if (setting === undefined || entry.value.kind !== 'scalar') return false;
  const text = spelled(entry.value);
  shared.set(setting, setting.endsWith('lease_ttl') ? `${text}s` : text, entry);
  return true;
}

function textOf({ value }: ConfigEntry): string {
  return value.kind === 'scalar' ? spelled(value) : '';
}

function writeVariable(map: MapBuilder, name: string, entry: ConfigEntry, context: Context): void {
  const { findings } = context;
  if (entry.value.kind !== 'scalar') {
    findings.lose(entry, 'is no text, so it is no variable');
    return;
  }
  const text = spelled(entry.value);
  if (sourceOf('environment', name) !== undefined) {
    findings.lose(entry, `${name} is set by dyn-slurm, from ${sourceOf('environment', name)}`);
    return;
  }
  const fault = variableFault(name);
  if (fault !== undefined) {
    findings.lose(entry, `the variable ${name} ${fault}`);
    return;
  }
  const reference = /^\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?$/.exec(text)?.[1];
  if (reference !== undefined && (reference === name || namesSecretVariable(name))) {
    map.set(name, new MapBuilder(entry).set('from_env', reference, entry).build(), entry);
    findings.note(
      entry,
      `is taken from the variable ${reference} of the shell that runs submit; srt-slurm passes the text ${text} itself`,
    );
    return;
  }
  if ((namesSecretVariable(name) && text !== '') || [...secretTexts(text)].length > 0) {
    map.set(name, new MapBuilder(entry).set('from_env', name, entry).build(), entry);
    findings.site(
      entry,
      'looks like a secret, so its value is not carried over',
      `export ${name} in the shell that runs submit`,
    );
    return;
  }
  if (/\{(node|node_id|job_id|log_dir|run_name)\}/.test(text))
    findings.site(
      entry,
      `contains ${/\{\w+\}/.exec(text)?.[0]}, which dyn-slurm passes as it is`,
      'write a value that holds for all processes',
    );
  if (text.includes('\u0000')) return;
  map.set(name, placed(text, entry, context), entry);
}

/** Why a config may not set a variable, as the end of a sentence. */
function variableFault(name: string): string | undefined {
  const [issue] = schema.safeParse({ [name]: 'x' }).error?.issues ?? [];
  return issue?.code === 'invalid_key' ? issue.issues[0]?.message : issue?.message;
}
