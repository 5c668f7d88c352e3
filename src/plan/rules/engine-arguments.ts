import { isListed, namedRelease, releasesOf } from '../../config/compat/engine-table.ts';
import type { Settings } from '../../config/compat/flag-renames.ts';
import { type GivenFlag, givenFlags } from '../../config/compat/given-flags.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import { type Role, rolesOf } from '../../config/schema/role.ts';
import { isSecretReference } from '../../config/text/secret.ts';
import type { Problem } from '../../config/yaml/problem.ts';
import { engineOf } from '../../engines/engines.ts';
import { managedSource } from '../../engines/managed.ts';
import { frontendOf } from '../../frontends/frontends.ts';
import { type ArgumentReader, checkArgument } from './argument.ts';
import { checkDeprecated } from './deprecated.ts';
import { checkFields } from './engine-fields.ts';
import { frontendSource } from './frontend.ts';

/** Whose arguments they are, and who reads them. */
interface Reader extends ArgumentReader {
  readonly owner: Role | 'frontend';
  /** Settings as the releases in the image write them. */
  readonly written: (settings: Settings) => Settings;
}

/**
 * Arguments that the releases in the image do not take, and values that their parsers refuse: an engine ends at once
 * with either. Warnings, because an image may hold what its releases do not tell.
 */
export function* checkEngineArguments(job: JobConfig): Generator<Problem> {
  const releases = releasesOf(job);
  for (const [role, config] of rolesOf(job)) {
    const engine = engineOf(job, config);
    const file = engine.argumentFile?.(releases);
    const assumed = namedRelease(job) === undefined;
    if (file && isListed(file)) yield* checkFields(config.args, [role, 'args'], { program: file, assumed });
    yield* checkFlags(givenFlags(role, file ? { ...config, args: {} } : config), {
      owner: role,
      programs: engine.programs(config, releases),
      isManaged: (name) => managedSource(engine, name, role, config) !== undefined,
      written: (settings) => engine.settings(settings, role, job),
      engine,
      assumed,
    });
  }
  const frontend = frontendOf(job);
  const assumed = !frontend.apart && namedRelease(job) === undefined;
  const { args } = job.frontend;
  const file = frontend.argumentFile?.(releases);
  if (file && isListed(file)) {
    const own = Object.entries(args).filter(([name]) => frontendSource(frontend.managed, name) === undefined);
    yield* checkFields(Object.fromEntries(own), ['frontend', 'args'], { program: file, assumed });
  }
  yield* checkFlags(givenFlags('frontend', { args, flags: [] }), {
    owner: 'frontend',
    programs: frontend.programs(releases),
    isManaged: (name) => frontendSource(frontend.managed, name) !== undefined,
    written: (settings) => frontend.settings(settings, releases),
    ofFrontend: true,
    assumed,
  });
}

function* checkFlags(given: readonly GivenFlag[], reader: Reader): Generator<Problem> {
  const { owner, programs } = reader;
  if (owner === 'router' || owner === 'processor' || programs.length === 0 || !programs.every(isListed))
    return;
  const inArgs = given.filter((flag) => flag.in === 'args').map(({ name, value }) => [name, value] as const);
  const kept = reader.written({ args: Object.fromEntries(inArgs), env: {} }).args;
  for (const flag of given) {
    // A secret goes by a variable, or is refused.
    if (reader.isManaged(flag.name) || flag.value === false || isSecretReference(flag.value)) continue;
    const passed = flag.in === 'flags' ? flag.value : kept[flag.name];
    const written = passed === undefined ? underOtherName(flag, reader) : { ...flag, value: passed };
    if (written) yield* checkArgument(written, reader);
    // What the config writes; other names are dyn-slurm's choice.
    if (passed !== undefined) yield* checkDeprecated(flag, reader);
  }
}

/** An argument as it is passed on under another name; undefined where it goes, or becomes one with another. */
function underOtherName(flag: GivenFlag, { written }: Reader): GivenFlag | undefined {
  const { args } = written({ args: { [flag.name]: flag.value }, env: {} });
  const [[name, value] = []] = Object.entries(args);
  return name === undefined || value === undefined || name === flag.name
    ? undefined
    : { ...flag, name, value };
}
