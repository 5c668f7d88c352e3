import { pinnedReleases } from '../../config/compat/engine-table.ts';
import { applyRenames, type Settings } from '../../config/compat/flag-renames.ts';
import { engine as engineSchema, PACKAGE_VERSION } from '../../config/schema/sections.ts';
import { type ConfigMap, plain } from '../../config/yaml/tree.ts';
import { MapBuilder } from '../tree.ts';
import type { Context } from './context.ts';

/** dyn-slurm's own default. */
const DEFAULT = '1.6.1';

/** `dynamo`: its release, and where it comes from. */
export function writeDynamo(context: Context): MapBuilder {
  const { recipe, shared } = context;
  const { source, release } = recipe.dynamo;
  const map = new MapBuilder(source.place);
  if (recipe.frontend.type === 'dynamo') {
    if (release !== undefined && release.value !== DEFAULT) map.set('version', release.value, release.place);
    tell(context);
    writeInstall(map, context);
  }
  for (const key of ['tool_call_parser', 'reasoning_parser', 'custom_jinja_template'] as const) {
    const found = shared.get(`dynamo.${key}`);
    if (found) map.set(key, found.value, found.place);
  }
  const limit = shared.get('dynamo.migration_limit');
  if (limit) map.set('migration_limit', Number(limit.value), limit.place);
  const tokenizer = shared.get('dynamo.sglang_tokenizer');
  if (tokenizer) map.set('sglang_tokenizer', true, tokenizer.place);
  return map;
}

/** How the release is known, where the recipe does not give its number. */
function tell({ recipe, findings }: Context): void {
  const { source, release } = recipe.dynamo;
  const options = 'it decides which options Dynamo is given; set dynamo.version if the image has another one';
  if (release === undefined)
    findings.lose(
      source.place,
      `the recipe does not tell which release of Dynamo this is, so dynamo.version stays at its default, ${DEFAULT}`,
      options,
    );
  else if (release.why === 'development')
    findings.note(
      release.place,
      `is a development release; dynamo.version is ${release.value}, which it precedes`,
      options,
    );
  else if (release.why === 'identity')
    findings.note(release.place, `dynamo.version is ${release.value}, the release that the recipe expects`);
  else if (release.why === 'image')
    findings.note(release.place, `dynamo.version is ${release.value}, from the tag of the image`, options);
  else if (release.why === 'engine')
    findings.note(
      release.place,
      `dynamo.version is ${release.value}, the release that was made with the engine in the image`,
      options,
    );
}

function writeInstall(map: MapBuilder, { recipe, findings }: Context): void {
  const { source, release } = recipe.dynamo;
  if (source.kind === 'image') return;
  const { place, kind } = source;
  const value = kind === 'commit' ? source.value : source.value.replace(/^v(?=\d)/, '');
  if (kind !== 'commit' && !PACKAGE_VERSION.test(value)) {
    findings.lose(
      place,
      `${source.value} is not a release of a Python package, so Dynamo is not installed when the job starts`,
      'set dynamo.install, or use an image that holds it',
    );
    return;
  }
  if (kind === 'version' && value === release?.value) map.set('install', true, place);
  else map.set('install', new MapBuilder(place).set(kind, value, place).build(), place);
}

/**
 * Whether dyn-slurm would pass arguments or variables under other names than the recipe has, by the releases that it knows. A
 * recipe was made for its image, and has the names that this takes.
 */
export function isRenamed(
  owner: 'prefill' | 'decode' | 'aggregated' | 'frontend',
  config: ConfigMap,
  { recipe }: Context,
): boolean {
  if (owner !== 'frontend' && recipe.engine.name !== 'sglang') return false;
  const of = (key: string) => (plain(config) as Record<string, object | undefined>)[key] ?? {};
  const pinned = pinnedReleases(recipe.dynamo.release?.value ?? DEFAULT);
  const { release } = recipe.engine;
  const given = { args: of('args'), env: of('env') } as Settings;
  const written = applyRenames(given, { ...pinned, ...(release && { sglang: release.value }) }, owner);
  const named = (settings: Settings) => JSON.stringify([settings.args, settings.env]);
  return named(written) !== named(given);
}

/** `engine`: its name where that is not SGLang, and its release where the image tells another than Dynamo asks for. */
export function writeEngine(root: MapBuilder, { recipe }: Context, renamed: boolean): void {
  const { engine, dynamo } = recipe;
  const { release } = engine;
  const valid = release !== undefined && engineSchema.safeParse({ version: release.value }).success;
  const pinned =
    engine.name === 'mocker' ? undefined : pinnedReleases(dynamo.release?.value ?? DEFAULT)[engine.name];
  const usual = release?.value === pinned;
  const version = valid && !usual ? release : undefined;
  if (version || renamed) {
    const map = new MapBuilder(engine.place);
    if (engine.name !== 'sglang') map.set('type', engine.name, engine.place);
    if (version) map.set('version', version.value, version.entry);
    if (renamed) map.set('rename', false);
    root.set('engine', map.build(), engine.place);
  } else if (engine.name !== 'sglang') root.set('engine', engine.name, engine.place);
}
