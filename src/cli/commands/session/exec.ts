import { DynSlurmError, EXIT } from '../../../errors.ts';
import { shortName } from '../../../run/node-name.ts';
import { execCommand } from '../../../scheduler/step-argv.ts';
import { containerOptions } from '../../runs/session/container.ts';
import { lookUpSession } from '../../runs/session/lookup.ts';
import { hostsByIndex, liveSession } from '../../runs/session/steps.ts';
import { jsonLine } from '../../sink.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';

export interface ExecOptions extends RunOptions {
  /** The session; the newest by default. */
  readonly run?: string;
  /** In the job's container, as a worker runs. */
  readonly container?: boolean;
}

/** Milliseconds: 24 days, the most that a timer takes. */
const NO_LIMIT = 2_147_483_000;

/** `dyn-slurm exec NODE -- CMD...`: runs a command on a node of a session, beside whatever runs there. */
export async function exec(
  node: string,
  words: readonly string[],
  options: ExecOptions,
  world: World,
): Promise<number> {
  if (words.length === 0) {
    throw new DynSlurmError('usage', 'exec: the command is missing', {
      hint: 'write it after the node and --',
    });
  }
  const { signal, stdio } = world;
  const fed = !options.json && !world.ask;
  const { run, host, argv } = await stepOn(node, { words, terminal: false, fed }, options, world);
  if (!options.json) return host.interact(argv, { stdio, signal });
  const { stdout, stderr, exitCode } = await host.exec(argv, { timeout: NO_LIMIT, signal });
  world.out.write(jsonLine({ run, node, exitCode, stdout, stderr }));
  return exitCode;
}

/** `dyn-slurm shell [NODE]`: a shell on a node of a session, the head node by default. */
export async function shell(node: string | undefined, options: ExecOptions, world: World): Promise<number> {
  if (!world.ask) {
    throw new DynSlurmError('usage', 'shell requires a terminal', {
      hint: 'use `dyn-slurm exec NODE -- COMMAND`',
    });
  }
  const { signal, env, stdio } = world;
  const wanted = { words: ['bash', '-i'], terminal: true, fed: true };
  const { host, argv } = await stepOn(node ?? '0', wanted, options, world);
  await host.interact(argv, { term: env.TERM || 'dumb', stdio, signal });
  // How its last command ended is the shell's own business.
  return EXIT.ok;
}

interface Wanted {
  readonly words: readonly string[];
  readonly terminal: boolean;
  readonly fed: boolean;
}

/** The command that runs words on a node of a session, and where to give it. */
async function stepOn(node: string, wanted: Wanted, { container, ...options }: ExecOptions, world: World) {
  const session = await lookUpSession(options.run, options, world);
  const hosts = hostsByIndex(session, await liveSession(session));
  const index = indexOf(hosts, node);
  const argv = execCommand({
    job: session.job.jobId,
    host: hosts[index] ?? '',
    options: container ? await containerOptions(session, index) : [],
    ...wanted,
  });
  return { run: session.run.id, host: session.connection.host, argv };
}

/** Finds a node by its index in the plan, its name, or the name up to the first dot. */
function indexOf(hosts: readonly string[], node: string): number {
  const index = /^\d+$/.test(node)
    ? Number(node)
    : hosts.findIndex((host) => shortName(host) === shortName(node));
  if (hosts[index] !== undefined) return index;
  throw new DynSlurmError('usage', `there is no node ${node} in this session`, {
    hint: `its nodes are ${hosts.map((host, at) => `${at} (${host})`).join(', ')}`,
  });
}
