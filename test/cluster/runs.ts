import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Ended } from './box.ts';
import type { Cluster } from './cluster.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Value of HF_TOKEN in every worker of these runs: it may be in their secrets, and nowhere else. */
const CANARY = 'hf_canary-4711-0815';

export type Event = Readonly<Record<string, unknown>> & { readonly kind: string; readonly time: string };

export interface Run {
  readonly run: string;
  /** As the node sees it. */
  readonly dir: string;
  readonly jobId: string;
}

/** How a run has to end. */
export interface End {
  /** Of `watch` and `status`. */
  readonly code: number;
  readonly verdict: Readonly<Record<string, unknown>>;
}

/** Runs of root's on a cluster, submitted on its first node, whose disks they may be on. */
export class Runs {
  readonly #cluster: Cluster;
  readonly #folder: string;
  /** Of these runs alone: a node that failed one of them is not excluded from those of other tests. */
  readonly #state: string;
  /** A file with the secret, for those that look for it: in their arguments it would be seen. */
  readonly token: string;

  constructor(cluster: Cluster, folder = join(cluster.shared, 'runs')) {
    this.#cluster = cluster;
    this.#folder = folder;
    this.#state = mkdtempSync(join(cluster.shared, 'state-'));
    this.token = join(cluster.shared, 'token');
    writeFileSync(this.token, `${CANARY}\n`, { mode: 0o600 });
  }

  cli(...args: string[]): Promise<Ended> {
    const environment = [
      `DYN_SLURM_RUNS=${this.#folder}`,
      `XDG_CONFIG_HOME=${this.#cluster.shared}`,
      `XDG_STATE_HOME=${this.#state}`,
      'NO_COLOR=1',
    ];
    const withToken = ['bash', '-c', 'read -r HF_TOKEN <"$0"; export HF_TOKEN; exec "$@"', this.token];
    const argv = [...withToken, 'env', ...environment, process.execPath, join(ROOT, 'dist/main.js'), ...args];
    return this.#cluster.onNode('node1', argv);
  }

  /** A config of one aggregated worker, or of what `sections` make of it; its path. */
  config(name: string, sections: Readonly<Record<string, unknown>>): string {
    const secret = { HF_TOKEN: { from_env: 'HF_TOKEN' } };
    const roles = Object.fromEntries(
      ['prefill', 'decode', 'aggregated'].flatMap((role) => {
        const own = sections[role] ?? (role === 'aggregated' && !sections.decode ? { nodes: 1 } : undefined);
        if (own === undefined) return [];
        const { env } = own as { readonly env?: object };
        return [[role, { ...own, env: { ...secret, ...env } }]];
      }),
    );
    const config = {
      name,
      gpu: 'h100',
      model: { path: join(this.#cluster.shared, 'model'), served_name: 'tiny' },
      infra: { etcd: { lease_ttl: '10s' } },
      ...sections,
      ...roles,
      slurm: { account: 'research', partition: 'batch', time: '10m', ...(sections.slurm ?? {}) },
    };
    const file = join(this.#cluster.shared, `${name}.yaml`);
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  async submit(name: string, sections: Readonly<Record<string, unknown>>): Promise<Run> {
    const { code, stdout, stderr } = await this.cli('submit', this.config(name, sections), '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  }

  async events({ dir }: Run): Promise<readonly Event[]> {
    const { stdout } = await this.#cluster.onNode('node1', [
      'bash',
      '-c',
      'cat "$0/events.jsonl" 2>/dev/null',
      dir,
    ]);
    // What comes after the last line break is still being written.
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** The first event of a kind; waits for it, unless the run ends without one. */
  async event(run: Run, kind: string): Promise<Event> {
    for (;;) {
      const events = await this.events(run);
      const found = events.find((event) => event.kind === kind);
      if (found) return found;
      const last = events.at(-1);
      if (last?.kind === 'verdict') throw new Error(`no ${kind}: ${JSON.stringify(last)}`);
      await sleep(100);
    }
  }

  /** Where a step runs, by rank. */
  async host(run: Run, step: string, rank = 0): Promise<string> {
    const started = (await this.events(run)).findLast(
      (one) => one.kind === 'step-started' && one.step === step,
    );
    return (started?.nodes as readonly string[] | undefined)?.[rank] ?? '';
  }

  /** Sends what a step runs on a node, and not its script, a signal. */
  async signal(run: Run, step: string, name: string, rank = 0): Promise<void> {
    const find = `for pid in $(pgrep -f 'etcd --name|nats-server|python'); do
      tr '\\0' '\\n' </proc/$pid/environ | grep -qx "SLURM_JOB_NAME=${step}" && kill -s ${name} $pid && echo $pid; done`;
    const [box = ''] = (await this.host(run, step, rank)).split('.');
    const { stdout } = await this.#cluster.onNode(box, ['bash', '-c', find]);
    expect(stdout).toMatch(/^\d+\n/);
  }

  /**
   * What holds of every run, however it ends: the command line says how, with the right exit code; nothing runs on
   * afterwards; what was first is named; no secret is anywhere but in its file; the state can be read.
   */
  async ends(run: Run, { code, verdict }: End): Promise<void> {
    const watched = await this.cli('watch', run.run);
    expect(watched.code, watched.stderr).toBe(code);
    await expect
      .poll(async () => (await this.#cluster.exec(['squeue', '-h', '-tall', '-j', run.jobId, '-o%T'])).stdout)
      .not.toMatch(/RUNNING|COMPLETING/);
    await expect.poll(() => this.leftovers()).toEqual([]);
    const status = await this.cli('status', run.run, '--json');
    expect(status.code, status.stderr).toBe(code);
    const { verdict: read } = JSON.parse(status.stdout);
    expect(read).toMatchObject(verdict);
    expect((await this.cli('status', run.run)).stdout).toContain(String(read.reason).slice(0, 40));
    const { nodes, domain } = this.#cluster;
    if (read.step !== undefined && read.step !== null)
      expect(nodes.map(({ name }) => name + domain)).toContain(read.node);
    await this.keepsSecrets(run, [watched, status]);
    const passwords = await this.#cluster.onNode('node1', ['ls', join(run.dir, 'state/credentials')]);
    expect(passwords.stdout).toBe('');
  }

  /** The canary is in the secrets alone, which only their owner reads. */
  async keepsSecrets(run: Run, said: readonly Ended[]): Promise<void> {
    for (const { stdout, stderr } of said) expect(stdout + stderr).not.toContain(CANARY);
    const look = `cd "$0" && stat -c '%a %n' $(grep -rlaFf ${this.token} . | sort) /dev/null | grep -v /dev/null`;
    const { stdout } = await this.#cluster.onNode('node1', ['bash', '-c', look, run.dir]);
    expect(stdout.split('\n').filter(Boolean)).toEqual(
      stdout.split('\n').filter((line) => /^600 \.\/env\/[a-z]+-\d+\.secrets$/.test(line)),
    );
    const job = await this.#cluster.exec(['scontrol', 'show', 'job', '-dd', run.jobId]);
    expect(job.stdout).not.toContain(CANARY);
  }

  /** Processes and folders that jobs have left on any node. */
  async leftovers(): Promise<readonly string[]> {
    const look = `ps -eo args= | grep -E 'steps/|etcd |nats-server|dynamo\\.|nginx' | grep -v grep; ls -d /tmp/dyn-slurm-* 2>/dev/null; true`;
    const found = await Promise.all(
      this.#cluster.nodes.map(async ({ name }) => {
        const { stdout } = await this.#cluster.onNode(name, ['bash', '-c', look]);
        return stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => `${name}: ${line}`);
      }),
    );
    return found.flat();
  }

  /** Ends all, whatever a test has left. */
  async clear(): Promise<void> {
    await this.#cluster.exec(['scancel', '--user=root']);
    await expect.poll(async () => (await this.#cluster.exec(['squeue', '-h'])).stdout).toBe('');
  }
}

/** Listens on a port of a node, on all its addresses, until the function that it returns is called. */
export async function occupy(cluster: Cluster, node: string, port: number): Promise<() => Promise<void>> {
  const listen = `import socket,time; s=socket.create_server(('',${port})); time.sleep(600)`;
  const { stdout } = await cluster.onNode(node, [
    'bash',
    '-c',
    `python3 -c "${listen}" >/dev/null 2>&1 & echo $!`,
  ]);
  await expect
    .poll(async () => (await cluster.onNode(node, ['ss', '-Hltn', `sport = :${port}`])).stdout)
    .not.toBe('');
  return async () => {
    await cluster.onNode(node, ['kill', stdout.trim()]);
  };
}
