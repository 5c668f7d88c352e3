import { readFileSync } from 'node:fs';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { type LoginCli, loginCli } from './cli.ts';
import { type Cluster, USERS } from './cluster.ts';

export type Event = Readonly<Record<string, unknown>> & { readonly kind: string; readonly time: string };

/** What `allocate --json` prints last. */
export interface Allocated {
  readonly run: string;
  readonly job: string;
  readonly dir: string;
  readonly nodes: readonly string[];
  readonly url: string;
}

/** Where ada has her sessions. */
export class SessionSite {
  readonly ada: LoginCli;
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.ada = loginCli(cluster);
  }

  home(...parts: string[]): string {
    return join(this.#cluster.homes, 'ada', ...parts);
  }

  async put(path: string, text: string): Promise<void> {
    const file = this.home(path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await chown(file, USERS.ada.uid, USERS.ada.uid);
  }

  /** Her jobs. */
  async queue(): Promise<string> {
    return (await this.#cluster.onLogin(['squeue', '-h', '--me', '-o%i %T %k'])).stdout.trim();
  }

  /** Names of a job's steps. */
  async steps(job: string): Promise<readonly string[]> {
    const { stdout } = await this.#cluster.onLogin(['squeue', '-h', '--steps', `--jobs=${job}`, '-o%j']);
    return stdout.trim().split('\n').sort();
  }

  /** Her processes on the nodes. */
  async leftovers(): Promise<readonly string[]> {
    const each = this.#cluster.nodes.map(async ({ name }) => {
      const { stdout } = await this.#cluster.onNode(name, ['pgrep', '-u', 'ada', '-a']);
      return stdout.split('\n').filter(Boolean);
    });
    return (await Promise.all(each)).flat();
  }

  async allocate(...args: string[]): Promise<Allocated> {
    const { code, stdout, stderr } = await this.ada.run(['allocate', ...args, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  }

  events({ dir }: Pick<Allocated, 'dir'>): readonly Event[] {
    return readFileSync(join(this.#cluster.homes, dir.replace(/^\/home\//, ''), 'events.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  async workers(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { stdout } = await this.ada.run(['workers', '--json']);
    return (JSON.parse(stdout) as { workers: Record<string, unknown>[] }).workers;
  }

  /** The next session finds the cluster as the first one did. */
  async clear(): Promise<void> {
    await this.#cluster.onLogin(['scancel', '--me']);
    await expect.poll(() => this.queue()).toBe('');
    await expect.poll(() => this.leftovers()).toEqual([]);
    await this.#cluster.onLogin(['rm', '-rf', '/home/ada/dyn-slurm-runs']);
  }
}
