import { DynSlurmError } from '../errors.ts';

/** Why this machine cannot listen at a place, as a `preflight` error. */
export function listenError(
  { address, port }: { readonly address: string; readonly port: number },
  cause: NodeJS.ErrnoException,
  hint: string,
): DynSlurmError {
  const why = cause.code === 'EADDRINUSE' ? 'the port is in use by another program' : cause.message;
  return new DynSlurmError('preflight', `cannot listen on ${address}:${port}: ${why}`, { hint, cause });
}
