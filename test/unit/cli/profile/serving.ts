import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addRun, type Site, site } from '../run-folder.ts';

export const RUN = 'r1-0a1b2c';

/** Where the recorded run's nodes are. */
export const NODES = ['127.77.0.11', '127.77.0.12', '127.77.0.13'] as const;

/** A worker of the run, each on a node of its own. */
export interface Worker {
  readonly gpus?: number;
  /** Its system port, if it has one. */
  readonly port: number | undefined;
}

/** A ready run of one prefill and two decode workers. */
export async function servingRun(
  workers: readonly [prefill0: Worker, decode0: Worker, decode1: Worker],
  argv: readonly string[] = ['python3', '-m', 'dynamo.sglang'],
): Promise<Site & { readonly dir: string }> {
  const place = await site();
  const dir = await addRun(place.root, { id: RUN, jobId: '4242', events: 'served', until: 'ready' });
  const processes = (['prefill-0', 'decode-0', 'decode-1'] as const).map((name, index) => {
    const { gpus = 1, port } = workers[index] ?? { port: undefined };
    return {
      name,
      kind: 'worker',
      role: name.split('-')[0],
      nodeIndex: index,
      nodeRank: 0,
      gpus: [...Array(gpus).keys()],
      argv,
      ports: port === undefined ? [] : [{ use: 'system', port, count: 1 }],
    };
  });
  const plan = { processes, readiness: { model: 'm', endpoints: [], readyRoute: true } };
  await writeFile(join(dir, 'plan.json'), JSON.stringify(plan));
  return { ...place, dir };
}
