import { DynSlurmError, EXIT } from '../../../errors.ts';
import type { Host } from '../../../host/host.ts';
import { shortName } from '../../../run/node-name.ts';
import { execCommand } from '../../../scheduler/step-argv.ts';
import type { LookupOptions } from '../../runs/lookup.ts';
import { containerOptions } from '../../runs/session/container.ts';
import { lookUpSession, type Session } from '../../runs/session/lookup.ts';
import { hostsByIndex, liveSession } from '../../runs/session/steps.ts';
import type { World } from '../../world.ts';

export interface ExecOptions extends LookupOptions {
  /** The session; the newest by default. */
  readonly run?: string;
  /** In the job's container, as a worker runs. */
  readonly container?: boolean;
  readonly json?: boolean;
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
    throw new DynSlurmError('usage', 'exec: no command is given', {
      hint: 'write it after the node, behind --',
    });
  }
  const session = await lookUpSession(options.run, options, world);
  const hosts = hostsByIndex(session, await liveSession(session));
  const fed = !options.json && !world.ask;
  const argv = await stepOn(session, hosts, node, { words, terminal: false, fed }, options);
  const { host } = session.connection;
  if (!options.json) return interactively(host)(argv, { stdio: world.stdio, signal: world.signal });
  const { stdout, stderr, exitCode } = await host.exec(argv, { timeout: NO_LIMIT, signal: world.signal });
  world.out.write(`${JSON.stringify({ run: session.run.id, node, exitCode, stdout, stderr })}\n`);
  return exitCode;
}

/** `dyn-slurm shell [NODE]`: a shell on a node of a session, the head node by default. */
export async function shell(node: string | undefined, options: ExecOptions, world: World): Promise<number> {
  if (!world.ask) {
    throw new DynSlurmError('usage', 'shell: there is no terminal here', {
      hint: 'use `dyn-slurm exec NODE -- COMMAND`',
    });
  }
  const session = await lookUpSession(options.run, options, world);
  const hosts = hostsByIndex(session, await liveSession(session));
  const wanted = { words: ['bash', '-i'], terminal: true, fed: true };
  const argv = await stepOn(session, hosts, node ?? '0', wanted, options);
  const { signal, env, stdio } = world;
  await interactively(session.connection.host)(argv, { term: env.TERM || 'dumb', stdio, signal });
  // How its last command ended is the shell's own business.
  return EXIT.ok;
}

async function stepOn(
  session: Session,
  hosts: readonly string[],
  node: string,
  wanted: { readonly words: readonly string[]; readonly terminal: boolean; readonly fed: boolean },
  { container }: ExecOptions,
): Promise<readonly string[]> {
  const index = indexOf(hosts, node);
  const host = hosts[index] ?? '';
  const options = container ? await containerOptions(session, index) : [];
  return execCommand({ job: session.job.jobId, host, options, ...wanted });
}

/** Of a node by its index in the plan, its name, or the name up to the first dot. */
function indexOf(hosts: readonly string[], node: string): number {
  const index = /^\d+$/.test(node)
    ? Number(node)
    : hosts.findIndex((host) => shortName(host) === shortName(node));
  if (hosts[index] !== undefined) return index;
  throw new DynSlurmError('usage', `there is no node ${node} in this session`, {
    hint: `its nodes are ${hosts.map((host, at) => `${at} (${host})`).join(', ')}`,
  });
}

function interactively(host: Host): NonNullable<Host['interact']> {
  if (host.interact) return host.interact;
  throw new DynSlurmError('connection', `${host.name} cannot be used interactively yet`, {
    hint: 'log in there, and run dyn-slurm on the login node',
  });
}
