import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../recorded');

/** The releases of which there is output. */
export const RELEASES = ['20.11.4', '22.05.8', '23.11.4', '24.11.5', '25.11.2', '26.05.5'] as const;

/** What Slurm printed; undefined where it was not recorded. */
export function recorded(release: string, file: string): string | undefined {
  const path = join(root, `slurm-${release}`, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
