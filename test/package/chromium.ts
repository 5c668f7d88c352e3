import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';

/** Debian's; elsewhere whoever wants these tests puts one there. */
const PROGRAM = '/usr/bin/chromium';

/** Path of a Chromium. Where it is missing it is installed, as far as one may; undefined, with a word, where there is none. */
export async function findChromium(): Promise<string | undefined> {
  if (existsSync(PROGRAM)) return PROGRAM;
  const why = await install();
  if (why === undefined && existsSync(PROGRAM)) return PROGRAM;
  process.stderr.write(`the report is not looked at in a browser: ${why ?? `there is no ${PROGRAM}`}\n`);
  return undefined;
}

/** Why it could not be installed. */
async function install(): Promise<string | undefined> {
  if (process.getuid?.() !== 0)
    return `there is no ${PROGRAM}, and only root can install the package chromium`;
  process.stderr.write('installing chromium with apt-get\n');
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  // The test cluster installs what it needs meanwhile, and apt-get does not wait for the lists.
  const run = (...words: readonly string[]) =>
    promisify(execFile)('flock', ['/var/lib/apt', 'apt-get', ...words], options);
  try {
    await run('update', '-q');
    await run('install', '-q', '-y', '--no-install-recommends', 'chromium');
    return undefined;
  } catch (error) {
    return `the package chromium cannot be installed: ${(error as Error).message}`;
  }
}
