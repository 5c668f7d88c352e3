import { DynSlurmError } from '../../../errors.ts';
import { localHost } from '../../../host/local.ts';
import type { World } from '../../world.ts';

/** Programs that open a file as the desktop would; the first that there is. */
const OPENERS = ['xdg-open', 'open'];

/** Where there is none, as on a login node, that is said, and is no failure. */
export async function openInBrowser(path: string, world: World): Promise<void> {
  const host = localHost({ path: [], env: world.env });
  for (const opener of OPENERS) {
    try {
      const { exitCode } = await host.exec([opener, path], { timeout: 15_000, signal: world.signal });
      if (exitCode === 0) return;
    } catch (error) {
      if (!(error instanceof DynSlurmError) || error.code !== 'connection') throw error;
    }
  }
  world.err.write('cannot open a browser here; open the file yourself\n');
}
