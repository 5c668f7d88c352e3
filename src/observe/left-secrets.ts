import { join } from 'node:path/posix';
import type { Host } from '../host/host.ts';
import { timeLimit } from '../host/time-limit.ts';

/** In `state/`: what lib.sh removes at the end of a job. */
const PASSWORDS = new Set(['credentials', 'etcd.lock', 'token', 'tls.key']);
/** Milliseconds. */
const TIMEOUT = 30_000;

/**
 * Removes the secrets in the run folder of a job that is gone: a job that was killed outright had no time for that.
 * Trouble is passed over, for the next look at the run tries again.
 */
export async function removeLeftSecrets(host: Host, dir: string): Promise<void> {
  try {
    const attempts = (await host.list(join(dir, 'attempts'))).map((name) => join(dir, 'attempts', name));
    const found = await Promise.all([
      namesIn(host, join(dir, 'env'), (name) => name.endsWith('.secrets')),
      ...[dir, ...attempts].map((at) => namesIn(host, join(at, 'state'), (name) => PASSWORDS.has(name))),
    ]);
    const paths = found.flat();
    if (paths.length === 0) return;
    await host.exec(['rm', '-f', '--', ...paths], {
      timeout: TIMEOUT,
      signal: timeLimit(TIMEOUT),
    });
  } catch {
    // The folder may be somebody else's, or the host away.
  }
}

async function namesIn(
  host: Host,
  dir: string,
  wanted: (name: string) => boolean,
): Promise<readonly string[]> {
  return (await host.list(dir)).filter(wanted).map((name) => join(dir, name));
}
