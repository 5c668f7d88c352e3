import { join } from 'node:path';
import type { ClusterProfile } from '../../../config/schema/cluster-schema.ts';
import type { Environment } from '../../../host/environment.ts';
import type { Host } from '../../../host/host.ts';
import { localHost } from '../../../host/local.ts';
import { sshHost } from '../../../host/ssh.ts';
import { LOCAL } from '../../../observe/mock-engines.ts';
import { QueuePoll } from '../../../observe/queue-poll.ts';
import type { Watch } from '../../../observe/watch.ts';
import { toolsIn, toolsPlace } from '../../../rehearsal/tools/tools.ts';
import type { Run } from '../../../run/folder.ts';
import { CLUSTER_POLLS, LOCAL_POLLS } from '../../../scheduler/poll-schedule.ts';
import { type Scheduler, slurmScheduler } from '../../../scheduler/slurm.ts';
import type { World } from '../../world.ts';
import { profilePlace, remotePlace, runsDirOf } from './runs-dir.ts';

/** A cluster profile, put to use: where commands run, which Slurm they are, and where runs are kept. */
export interface Connection extends Watch {
  readonly scheduler: Scheduler;
  /** Name of the profile. */
  readonly cluster: string;
  /** Absolute; at a distance it may begin with `~`, which is the home there. */
  readonly runsDir: string;
}

export { LOCAL };

export type NamedProfile = Pick<ClusterProfile, 'host' | 'slurm_bin' | 'runs_dir'> &
  Partial<Pick<ClusterProfile, 'environment'>> & { readonly name: string };

/** The stand-in, and the folder where it keeps its state. */
export interface LocalConnection extends Connection {
  readonly standIn: string;
}

/** `extra`: environment for every command of the stand-in, such as its faults. */
export function connectLocally(world: World, extra: Environment): LocalConnection {
  return { ...connect({ name: LOCAL }, world, extra), standIn: standInOf(world).extra.DYN_SLURM_STANDIN_DIR };
}

/** `extra`: more environment for every command. Nothing is contacted yet. */
export function connect(profile: NamedProfile, world: World, extra: Environment = {}): Connection {
  const local = profile.name === LOCAL;
  const { host: login } = profile;
  const host =
    login === undefined ? hereAs(profile, world, extra) : remoteHost({ ...profile, host: login }, world);
  const scheduler = slurmScheduler(host);
  const { now } = world;
  return {
    cluster: profile.name,
    runsDir: runsDirOf(profile, world),
    host,
    scheduler,
    // The stand-in serves nobody else, and its files are on this machine's disk.
    queue: new QueuePoll({ scheduler, polls: local ? LOCAL_POLLS : CLUSTER_POLLS, now }),
    now,
    ...(local && { grace: 1000 }),
  };
}

/** This machine, with the commands of a profile. */
function hereAs({ name, slurm_bin, environment }: NamedProfile, world: World, extra: Environment): Host {
  const bin = slurm_bin === undefined ? [] : [profilePlace(slurm_bin, world)];
  const standIn = name === LOCAL ? standInOf(world) : { path: [], extra: {} };
  return localHost({
    path: [...bin, ...standIn.path],
    env: world.env,
    inherit: environment === 'inherit',
    extra: { ...standIn.extra, ...extra },
  });
}

/** The stand-in's folder, and what it has to know; see docs/architecture.md, "Rehearsal". */
function standInOf(world: World) {
  const { cache, folder } = toolsPlace(world);
  const { bin } = toolsIn(folder);
  const standIn = join(world.packageRoot, 'rehearsal/bin');
  return {
    path: [standIn, bin],
    extra: {
      // To be renamed when its layout changes: the stand-in kills what runs of a job whose record names no live daemon.
      DYN_SLURM_STANDIN_DIR: join(cache, 'slurm'),
      DYN_SLURM_STANDIN_PATH: [standIn, bin].join(':'),
      DYN_SLURM_TOOLS: folder,
    },
  };
}

/** A run, and the cluster that it was submitted to. */
export interface FoundRun {
  readonly run: Run;
  readonly connection: Connection;
}

/** The hosts of a process: all that its commands do on one goes over one connection. */
const hosts = new WeakMap<World['self'], Map<string, Host>>();

/** The login node of a profile that has one. Nothing is contacted yet. */
function remoteHost(
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
