import type { JobConfig } from '../schema/job-schema.ts';
import { rolesOf } from '../schema/role.ts';
import { namesSecretVariable } from '../text/secret.ts';
import { error, keyError, keyWarning, type Problem } from '../yaml/problem.ts';

/** Flags of mooncake_master that say where it listens, the deprecated one included. */
const PLACES = [
  'config_path',
  'enable_http_metadata_server',
  'http_metadata_server_host',
  'http_metadata_server_port',
  'metrics_port',
  'port',
  'rpc_address',
  'rpc_port',
];

/** Words by which a role's arguments show that its engine uses the store, or Mooncake to move KV caches. */
const USES = /mooncake/i;

/** A Mooncake store whose addresses are the job's, and which some worker uses. */
export function* checkMooncake(job: JobConfig): Generator<Problem> {
  const { mooncake } = job.infra;
  if (mooncake === undefined) return;
  const at = ['infra', 'mooncake'];
  for (const name of Object.keys(mooncake.args))
    if (PLACES.includes(name.replaceAll('-', '_')))
      yield keyError(
        [...at, 'args', name],
        'is set by dyn-slurm itself',
        'remove it; infra.ports.mooncake sets the ports',
      );
  for (const [name, value] of Object.entries(mooncake.env))
    if (namesSecretVariable(name) && typeof value !== 'object' && value !== '')
      yield error(
        [...at, 'env', name],
        `looks like a secret, which a config must not contain; write {from_env: ${name}} or {from_file: PATH}`,
      );
  if (!rolesOf(job).some(([, { args, flags }]) => USES.test(JSON.stringify([args, flags]))))
    yield keyWarning(
      at,
      'starts a Mooncake master that no worker uses: no argument of a role names mooncake',
      'set it in the `args` of the roles that should use the store; see "Mooncake store" in docs/engines.md',
    );
}
