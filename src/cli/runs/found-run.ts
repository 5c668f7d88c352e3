import type { Run } from '../../run/folder.ts';
import type { Connection } from './cluster/connect.ts';

/** A run, and the cluster that it was submitted to. */
export interface FoundRun {
  readonly run: Run;
  readonly connection: Connection;
}
