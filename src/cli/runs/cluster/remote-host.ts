import type { ClusterProfile } from '../../../config/schema/cluster-schema.ts';
import type { Host } from '../../../host/host.ts';
import { sshHost } from '../../../host/ssh.ts';
import type { World } from '../../world.ts';
import { remotePlace } from './runs-dir.ts';

/** The hosts of a process: all that its commands do on one goes over one connection. */
const hosts = new WeakMap<World['self'], Map<string, Host>>();

/** The login node of a profile that has one. Nothing is contacted yet. */
export function remoteHost(
  { host: destination, slurm_bin }: Pick<ClusterProfile, 'slurm_bin'> & { readonly host: string },
  world: World,
): Host {
  const known = hosts.get(world.self) ?? new Map<string, Host>();
  hosts.set(world.self, known);
  const key = JSON.stringify([destination, slurm_bin]);
  const host = known.get(key) ?? newHost(destination, slurm_bin, world);
  known.set(key, host);
  return host;
}

function newHost(destination: string, slurmBin: string | undefined, world: World): Host {
  const { env, home, ask, signal, err } = world;
  const say = (text: string) => void err.write(`${text}\n`);
  return sshHost({
    destination,
    path: slurmBin === undefined ? [] : [remotePlace(slurmBin)],
    env,
    home,
    ask,
    trace: env.DYN_SLURM_TRACE ? (text) => say(`ssh: ${text}`) : () => {},
    signal,
  });
}
