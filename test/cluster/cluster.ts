import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { asUser, type Ended, inBox, type RunOptions, run, type User } from './box.ts';

/** What `up.sh --json` prints. Paths are the machine's; `shared` is the same path on nodes and login node too. */
interface Description {
  readonly name: string;
  readonly state: string;
  readonly slurmConf: string;
  readonly version: string;
  /** Addresses of the machine, the controller and the login node on the cluster's network. */
  readonly machine: string;
  readonly controller: string;
  readonly login: string;
  readonly nodes: readonly { readonly name: string; readonly ip: string }[];
  /** What Slurm's names of the nodes end with beyond that: `.hpc.test`, or nothing. */
  readonly domain: string;
  readonly gpus: number;
  readonly killWait: number;
  /** Another Debian, whose Slurm this is; null where it is the machine's own. */
  readonly root: string | null;
  /** With linuxproc Slurm's signals reach all processes of a task, and daemons that a job leaves behind outlive it. */
  readonly proctrack: 'cgroup' | 'linuxproc';
  readonly shared: string;
  /** /home of nodes and login node, and of the laptop. */
  readonly homes: string;
  readonly laptopHomes: string;
  /** One file a node of a step that asked for a container: JOB.STEP.NODE. */
  readonly containers: string;
  /** What stands for enroot's data: NODE/pyxis_NAME, and NODE.imports with a line, JOB.STEP IMAGE, for each image unpacked. */
  readonly roots: string;
  readonly password: string;
  readonly code: string;
  readonly passphrase: string;
  readonly tools: string | null;
}

export interface Cluster extends Description {
  /** For programs that run on the machine itself, as root. */
  readonly env: Readonly<Record<string, string>>;
  /** On the machine itself, as root, with `env`; in the box ctl where the cluster has a root of its own. */
  exec(argv: readonly string[], options?: RunOptions): Promise<Ended>;
  /** On the login node, as a user: ada unless said otherwise. */
  onLogin(argv: readonly string[], options?: RunOptions & { readonly user?: UserName }): Promise<Ended>;
  /** In a box, as root: a node, ctl, login, bastion, laptop or hub. */
  onNode(box: string, argv: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Outside of the cluster, as the user me, whose ssh knows the hosts bastion and login. */
  laptop(argv: readonly string[], options?: RunOptions): Promise<Ended>;
}

export interface UpOptions {
  readonly name?: string;
  readonly nodes?: number;
  readonly gpus?: number;
  readonly killWait?: number;
  readonly slurmdTimeout?: number;
  readonly proctrack?: 'cgroup' | 'linuxproc';
  readonly tools?: string;
  /** Slurm's names of the nodes then end with it: node1.DOMAIN. The boxes keep theirs. */
  readonly domain?: string;
  /** What Slurm knows of the network: the numbers of the nodes behind each leaf switch, or in each block (since 23.11). */
  readonly switches?: readonly (readonly number[])[];
  readonly blocks?: readonly (readonly number[])[];
  /** slurmdbd and its database; limits are enforced. */
  readonly accounting?: boolean;
  /** Seconds that the queue knows a job that has ended. */
  readonly minJobAge?: number;
  /** A Debian of another release, whose Slurm is used; see root.sh. Where nothing is said, that of $CLUSTER_ROOT. */
  readonly root?: string;
}

/** The users, who exist in the boxes only. All have keys on the login node except otto; me has the keys. */
export const USERS = {
  ada: { name: 'ada', uid: 20001 },
  otto: { name: 'otto', uid: 20002 },
  mia: { name: 'mia', uid: 20003 },
  carl: { name: 'carl', uid: 20004 },
  nora: { name: 'nora', uid: 20005 },
  me: { name: 'me', uid: 20007 },
} as const satisfies Record<string, User>;
type UserName = keyof typeof USERS;

const HERE = import.meta.dirname;
const PLACES = ['/run/dyn-slurm-cluster', '/var/lib/dyn-slurm-cluster'];
/** CAP_NET_ADMIN, CAP_SYS_CHROOT, CAP_SYS_ADMIN, CAP_MKNOD. */
const CAPABILITIES = [12n, 18n, 21n, 27n];

/** Why there can be no cluster on this machine, in words for people; undefined where there can. */
export function clusterAvailable(): string | undefined {
  if (process.platform !== 'linux') return 'the test cluster needs Linux';
  if (process.getuid?.() !== 0) return 'the test cluster needs root';
  if (!existsSync('/usr/bin/apt-get')) return 'the test cluster needs the packages of Debian or Ubuntu';
  const effective = BigInt(
    `0x${/CapEff:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0}`,
  );
  const lacks = CAPABILITIES.some((bit) => ((effective >> bit) & 1n) === 0n);
  return lacks ? 'the test cluster needs a root that may make namespaces and network links' : undefined;
}

/** Brings a cluster up, and again what of it is gone. A cluster of a test has the test's pid in its name. */
export async function up(options: UpOptions = {}): Promise<Cluster> {
  const {
    name = `test-${process.pid}`,
    nodes = 8,
    gpus,
    killWait,
    slurmdTimeout,
    proctrack,
    tools,
    accounting,
    domain,
    minJobAge,
    switches,
    blocks,
    root = process.env.CLUSTER_ROOT,
  } = options;
  await sweep();
  const argv = [join(HERE, 'up.sh'), '--json', '--name', name, '--nodes', String(nodes)];
  if (accounting) argv.push('--accounting');
  const more = {
    gpus,
    'kill-wait': killWait,
    'slurmd-timeout': slurmdTimeout,
    'min-job-age': minJobAge,
    proctrack,
    tools,
    domain,
    switches: switches?.map(String).join(' '),
    blocks: blocks?.map(String).join(' '),
    root,
  };
  for (const [option, value] of Object.entries(more)) {
    if (value !== undefined) argv.push(`--${option}`, String(value));
  }
  const { stdout, stderr, code } = await run(argv);
  if (code !== 0) throw new Error(`up.sh ended with ${code}: ${stderr}`);
  const cluster = clusterOf(JSON.parse(stdout));
  await layModel(cluster.homes);
  await layModel(cluster.shared);
  return cluster;
}

/** What looks like a model; mock engines read none. Users see it as `/home/model`, root in the shared folder. */
async function layModel(folder: string): Promise<void> {
  await mkdir(join(folder, 'model'), { recursive: true });
  for (const name of ['config.json', 'tokenizer.json', 'model.safetensors']) {
    await writeFile(join(folder, 'model', name), '{}');
  }
}

export async function down(cluster: { readonly name: string }): Promise<void> {
  const { stderr, code } = await run([join(HERE, 'down.sh'), '--name', cluster.name]);
  if (code !== 0) throw new Error(`down.sh ended with ${code}: ${stderr}`);
}

export async function withCluster<T>(options: UpOptions, use: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = await up(options);
  try {
    return await use(cluster);
  } finally {
    await down(cluster);
  }
}

function clusterOf(description: Description): Cluster {
  const { state, slurmConf } = description;
  // What is noted of a test's nodes is none of the person's who runs it, whose next jobs would be kept from them.
  const own = { SLURM_CONF: slurmConf, XDG_STATE_HOME: join(description.shared, 'machine-state') };
  const env = { ...process.env, ...own } as Readonly<Record<string, string>>;
  const onNode: Cluster['onNode'] = (box, argv, options) => run(inBox(state, box, argv), options);
  return {
    ...description,
    env,
    onNode,
    // The machine's own commands do not understand another release.
    exec: (argv, options = {}) =>
      run(description.root === null ? argv : inBox(state, 'ctl', argv), {
        ...options,
        env: { ...env, ...options.env },
      }),
    onLogin: (argv, { user = 'ada', ...options } = {}) => enterAs('login', user, argv, options),
    laptop: (argv, options = {}) => enterAs('laptop', 'me', argv, options),
  };

  function enterAs(
    box: string,
    user: UserName,
    argv: readonly string[],
    options: RunOptions,
  ): Promise<Ended> {
    const { env: _env, cwd: _cwd, ...rest } = options;
    return run(inBox(state, box, asUser(USERS[user], argv, options)), rest);
  }
}

/** Takes down the clusters of tests that did not get to do so. */
async function sweep(): Promise<void> {
  const names = PLACES.flatMap((place) => (existsSync(place) ? readdirSync(place) : []));
  for (const name of names) {
    const pid = /^test-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await down({ name });
  }
}
