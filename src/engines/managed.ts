import { argumentWords } from '../config/argument-words.ts';
import type { Settings } from '../config/compat/flag-renames.ts';
import { flagGroups } from '../config/compat/given-flags.ts';
import type { Role, RoleConfig } from '../config/schema/role.ts';
import type { Engine } from './engine.ts';
import type { PlacedWorker } from './worker.ts';

type Managed = Pick<Engine, 'managed'>;

/** What makes an argument, by its name with dashes, that is dyn-slurm's to write for these workers; else undefined. */
export function managedSource(
  engine: Managed,
  name: string,
  role: Role,
  config: RoleConfig,
): string | undefined {
  const source = sourcesOf(engine).get(name)?.replace('ROLE', role);
  if (source === 'infra.ports.bootstrap' && role !== 'prefill' && role !== 'decode') return undefined;
  return source === `${role}.kv_events` && !config.kv_events ? undefined : source;
}

/** What only Dynamo's workers take. */
const OF_DYNAMO = /^(dynamo\.|infra\.(request|event)_plane$|ROLE\.endpoint$|the job's own etcd$)/;

/** What dyn-slurm writes of an engine's own server, given what it writes of its worker under Dynamo. */
export function serverManaged(managed: Managed['managed']): Managed['managed'] {
  return {
    ...Object.fromEntries(Object.entries(managed).filter(([source]) => !OF_DYNAMO.test(source))),
    'the address of its node': 'host',
    'infra.ports.system': 'port',
  };
}

const known = new WeakMap<Managed['managed'], ReadonlyMap<string, string>>();

/** The sources by name. */
function sourcesOf({ managed }: Managed): ReadonlyMap<string, string> {
  const made =
    known.get(managed) ??
    new Map(
      Object.entries(managed).flatMap(([source, names]) => names.split(' ').map((name) => [name, source])),
    );
  known.set(managed, made);
  return made;
}

/**
 * The words of what the config gives a worker: its arguments in the order of the file, then its extra words; without what
 * is written already, and without arguments that the extra words give again, which are passed on as they are.
 */
export function givenWords(
  engine: Managed,
  args: Settings['args'],
  { role, config }: Pick<PlacedWorker, 'role' | 'config'>,
): readonly string[] {
  const isOurs = (name: string) => managedSource(engine, name, role, config) !== undefined;
  const groups = flagGroups(config.flags);
  const last = groups.map(({ name }) => name);
  const left = Object.entries(args).filter(([name]) => !isOurs(name) && !last.includes(name));
  return [
    ...argumentWords(Object.fromEntries(left)),
    ...groups.filter(({ name }) => name === undefined || !isOurs(name)).flatMap(({ words }) => words),
  ];
}
