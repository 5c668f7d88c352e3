import { DynSlurmError } from '../../errors.ts';
import type { CommandResult } from '../host.ts';
import { localHost } from '../local.ts';

/**
 * Runs a program of OpenSSH's client to its end, in the caller's environment and without a terminal. `program`: `ssh` or
 * `ssh-keygen`. @throws DynSlurmError `connection` where it is not installed or takes too long; `interrupted` on abort.
 */
export type OpenSsh = (program: string, args: readonly string[]) => Promise<CommandResult>;

/** Milliseconds. `Match exec` and CanonicalizeHostname, which asks name servers, take their time. */
const TIMEOUT = 30_000;

export function openSsh(env: Readonly<Record<string, string | undefined>>, signal: AbortSignal): OpenSsh {
  const host = localHost({ path: [], env, inherit: true });
  return async (program, args) => {
    try {
      return await host.exec([program, ...args], { timeout: TIMEOUT, signal });
    } catch (error) {
      if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') throw error;
      throw new DynSlurmError('connection', `${program} is not on the PATH`, {
        hint: "install the OpenSSH client (package openssh-client or openssh-clients): dyn-slurm reads ssh's configuration and known hosts with it",
        cause: error,
      });
    }
  };
}
