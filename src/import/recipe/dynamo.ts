import type { Findings, Place } from '../finding.ts';
import type { Found, Keys } from '../keys.ts';
import type { EngineName, RecipeDynamo } from './recipe.ts';
import { pinnedFor } from './releases.ts';

/** What srt-slurm installs where a recipe does not say. */
const DEFAULT = '0.8.0';

export interface AboutImage {
  /** Names of the image: the one that the recipe expects, and the one that it starts. */
  readonly images: readonly Found<string>[];
  readonly engine: EngineName;
  /** The engine's. */
  readonly release: Found<string> | undefined;
  /** `identity.frameworks`. */
  readonly frameworks: Keys;
  /** Frontends are Dynamo's; else no Dynamo takes part. */
  readonly used: boolean;
}

/** The source of Dynamo: one release unless `install` is false, by version, wheel or commit. */
export function readDynamo(root: Keys, image: AboutImage, findings: Findings): RecipeDynamo {
  const keys = root.section('dynamo');
  const install = keys.flag('install');
  const version = keys.text('version');
  const wheel = keys.text('wheel');
  const hash = keys.text('hash');
  const tip = keys.flag('top_of_tree');
  const source = keys.section('source');
  const pypi = source.text('pypi');
  const sourceWheel = source.text('wheel');
  const git = source.text('git');
  const rev = source.text('rev');
  const sha = source.text('sha');
  const patches = source.take('patches') ?? keys.take('cargo_patches');
  source.finish();
  const requestPlane = keys.text('request_plane');
  const eventPlane = keys.text('event_plane');
  keys.lose(
    ['sidecar', 'sidecar_args', 'sidecar_startup_timeout'],
    "Dynamo's native sidecars are not supported",
  );
  keys.finish();
  const planes = { place: keys.place, requestPlane, eventPlane };
  const named = image.frameworks.text('dynamo');
  if (!image.used) return { source: { kind: 'image', place: keys.place }, release: undefined, ...planes };
  const installed = install?.value !== false;
  if (installed && tip?.value)
    findings.refuse(
      tip.entry,
      'the newest commit is another one each day, so what would run is not known',
      'write `hash: COMMIT` in the recipe',
    );
  if (installed && patches !== undefined)
    findings.refuse(
      patches,
      'Dynamo with patches of the recipe cannot be built',
      'use an image that holds it',
    );
  if (git && !/github\.com[/:]ai-dynamo\/dynamo(\.git)?\/?$/.test(git.value))
    findings.refuse(
      git.entry,
      'only commits of ai-dynamo/dynamo can be installed',
      'use an image that holds it',
    );
  const commit = hash ?? sha ?? rev;
  const counts = installed ? (commit ?? wheel ?? sourceWheel ?? version ?? pypi) : undefined;
  for (const one of [hash, sha, rev, wheel, sourceWheel, version, pypi])
    if (one && one !== counts)
      findings.note(
        one.entry,
        counts
          ? `is not installed: ${counts.entry.path.at(-1)} on line ${counts.entry.range.line} counts`
          : 'is not installed: install is false, so Dynamo is that of the image',
      );
  if (!installed) {
    const place = install?.entry ?? keys.place;
    const told = version ?? pypi ?? wheel ?? sourceWheel;
    const release = releaseOf(named, image, place) ?? (told && given(told.value, told.entry)) ?? undefined;
    return { source: { kind: 'image', place }, release, ...planes };
  }
  if (commit !== undefined) {
    const [, tag] = /^v?(\d+\.\d+\.\d+)$/.exec(commit.value) ?? [];
    if (tag !== undefined)
      return { source: versionSource(tag, commit.entry), release: given(tag, commit.entry), ...planes };
    if (!/^[0-9a-f]{7,40}$/.test(commit.value))
      findings.refuse(
        commit.entry,
        'is not a commit, so what it means can change',
        "write the commit's hash",
      );
    const source = { kind: 'commit', value: commit.value, place: commit.entry } as const;
    return { source, release: releaseOf(named, image, commit.entry), ...planes };
  }
  const built = wheel ?? sourceWheel;
  if (built !== undefined)
    return {
      source: { kind: 'wheel', value: built.value, place: built.entry },
      release: given(built.value, built.entry) ?? releaseOf(named, image, built.entry),
      ...planes,
    };
  const chosen = version ?? pypi;
  const value = chosen?.value ?? DEFAULT;
  const place = chosen?.entry ?? keys.place;
  if (chosen === undefined)
    findings.note(
      place,
      `does not say which Dynamo to install; srt-slurm then installs ${DEFAULT}, even where the image holds another`,
    );
  return { source: versionSource(value, place), release: given(value, place), ...planes };
}

function versionSource(value: string, place: Place) {
  return { kind: 'version', value, place } as const;
}

/** `1.3.0.dev20260718` takes the options of 1.3.0. */
function given(version: string, place: Place): RecipeDynamo['release'] {
  const [whole, release] = /^v?(\d{1,4}\.\d{1,4}\.\d{1,4})/.exec(version) ?? [];
  if (release === undefined) return undefined;
  return { value: release, why: whole === version ? 'given' : 'development', place };
}

/** The release of a Dynamo that has no number: by what the recipe expects, by the image's tag, or by its engine's. */
function releaseOf(
  named: Found<string> | undefined,
  { images, engine, release }: AboutImage,
  place: Place,
): RecipeDynamo['release'] {
  const identity = named && given(named.value, named.entry);
  if (identity) return { ...identity, why: 'identity' };
  for (const { value, entry } of images) {
    const [, tag] = /(?:ai-dynamo|-runtime).*[:+]v?(\d{1,4}\.\d{1,4}\.\d{1,4})(?!\d)/.exec(value) ?? [];
    if (tag !== undefined) return { value: tag, why: 'image', place: entry };
  }
  const pinned = release && engine !== 'mocker' ? pinnedFor(engine, release.value) : undefined;
  return pinned === undefined ? undefined : { value: pinned, why: 'engine', place };
}
