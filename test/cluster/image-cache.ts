import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type LoginCli, loginCli } from './cli.ts';
import { type Cluster, USERS } from './cluster.ts';

export const REFERENCE = 'nvcr.io#nvidia/x:1';

/** The first run waits for nothing but its image: it needs one node. */
const CONFIG = `name: cached
cluster: cached
topology: {gpu: h100, aggregated: {}}
model: {path: /home/model, served_name: tiny}
container: {image: "${REFERENCE}"}
slurm: {account: research, partition: batch, time: 10m}
`;

/**
 * In the place of enroot on the nodes: it says what enroot says, waits while `hold` is there, fails with the text of
 * `words`, and else makes a real squashfs. It has no containers. `calls` gets a line from each: job and command line.
 */
const ENROOT = `#!/bin/bash
[[ $1 == import ]] || exit 0
cd SHARED/enroot || exit
echo "$SLURM_JOB_ID $*" >>calls
echo '[INFO] Fetching image manifest' >&2
while [[ -e hold ]]; do sleep 0.05; done
if [[ -e words ]]; then cat words >&2; exit 1; fi
mksquashfs SHARED/enroot/rootfs "$3" -quiet -no-progress -all-root >&2
`;

export interface SubmittedRun {
  readonly run: string;
  readonly jobId: string;
  /** Its events so far, without their times. */
  events(): readonly RunEvent[];
  /** Waits for an event like that; the run's last event, if it is ready or ends before. */
  sees(kind: string, fields?: Readonly<Record<string, unknown>>): Promise<RunEvent | undefined>;
}

type RunEvent = Readonly<Record<string, unknown>> & { readonly kind: string };

/** A cluster whose nodes share an image cache, as ada uses it. */
export class CachedCluster {
  readonly cluster: Cluster;
  readonly cli: LoginCli;
  /** Root's, and sticky: others than ada use it too. */
  readonly folder: string;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.cli = loginCli(cluster);
    this.folder = join(cluster.shared, 'images');
    mkdirSync(this.folder);
    chmodSync(this.folder, 0o1777);
    mkdirSync(this.#enroot('rootfs/etc'), { recursive: true });
    writeFileSync(this.#enroot('rootfs/etc/os-release'), randomBytes(100_000));
    chmodSync(this.#enroot(), 0o777);
    writeFileSync(join(cluster.state, 'node-bin/enroot'), ENROOT.replaceAll('SHARED', cluster.shared), {
      mode: 0o755,
    });
    this.#home('.config/dyn-slurm/clusters/cached.yaml', `image_cache: ${this.folder}\n`);
    this.#home('cached.yaml', CONFIG);
  }

  hold(): void {
    writeFileSync(this.#enroot('hold'), '');
  }

  letGo(): void {
    rmSync(this.#enroot('hold'), { force: true });
  }

  failWith(words: string): void {
    writeFileSync(this.#enroot('words'), words);
  }

  /** Of enroot: `JOB import --output FILE SOURCE`. */
  calls(): readonly string[] {
    return existsSync(this.#enroot('calls'))
      ? readFileSync(this.#enroot('calls'), 'utf8').trim().split('\n')
      : [];
  }

  async submit(): Promise<SubmittedRun> {
    const { stdout, stderr, code } = await this.cli.run(['submit', 'cached.yaml', '--json']);
    if (code !== 0) throw new Error(stderr);
    const { run, jobId, dir } = JSON.parse(stdout) as { run: string; jobId: string; dir: string };
    const file = join(this.cluster.homes, dir.replace(/^\/home\//, ''), 'events.jsonl');
    const events = () => (existsSync(file) ? readEvents(file) : []);
    return {
      run,
      jobId,
      events,
      async sees(kind, fields = {}) {
        const fits = (event: RunEvent) =>
          event.kind === kind && Object.entries(fields).every(([name, value]) => event[name] === value);
        for (;;) {
          const found = events().find(fits);
          const last = events().at(-1);
          if (found !== undefined) return found;
          if (last?.kind === 'verdict' || (last?.kind === 'ready' && kind !== 'verdict')) return last;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      },
    };
  }

  /** The images that the steps of a job gave to pyxis. */
  imagesOf({ jobId }: SubmittedRun): readonly string[] {
    const { containers } = this.cluster;
    const images = readdirSync(containers)
      .filter((record) => record.startsWith(`${jobId}.`))
      .map(
        (record) => /^container-image=(.*)$/m.exec(readFileSync(join(containers, record), 'utf8'))?.[1] ?? '',
      );
    return [...new Set(images)];
  }

  /** Ends all jobs, and empties the cache. */
  async reset(): Promise<void> {
    this.letGo();
    await this.cluster.onLogin(['scancel', '--me']);
    while ((await this.cluster.onLogin(['squeue', '--noheader', '--me'])).stdout !== '') {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    for (const name of readdirSync(this.folder)) rmSync(join(this.folder, name), { recursive: true });
    for (const name of ['calls', 'words']) rmSync(this.#enroot(name), { force: true });
  }

  #enroot(name = ''): string {
    return join(this.cluster.shared, 'enroot', name);
  }

  #home(path: string, text: string): void {
    const home = join(this.cluster.homes, 'ada');
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    for (let at = file; at !== home; at = dirname(at)) chownSync(at, USERS.ada.uid, USERS.ada.uid);
  }
}

function readEvents(file: string): readonly RunEvent[] {
  const whole = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return whole.map((line) => {
    const { time: _, ...event } = JSON.parse(line);
    return event as RunEvent;
  });
}
