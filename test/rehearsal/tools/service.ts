import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { findTools, type Tools, toolsPlace } from '../../../src/rehearsal/tools/tools.ts';
import { packageRoot } from '../../world.ts';

/** The tools that `npm test` has set up. */
export function installedTools(): Tools {
  const tools = findTools(toolsPlace({ env: process.env, home: process.env.HOME ?? '/', packageRoot }));
  if (tools === undefined) throw new Error('the tools are missing: run `node dist/main.js setup`');
  return tools;
}

/** Processes on loopback addresses that no other test run on this machine uses. */
export class Service {
  readonly folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-service-'));
  readonly tools = installedTools();
  readonly etcd = `http://${this.address(1)}:2379`;
  readonly nats = `nats://${this.address(1)}:4222`;
  readonly frontend = `http://${this.address(1)}:8000`;
  readonly #children = new Map<string, ChildProcess>();

  /** Of a node, 1 to 254. */
  address(node: number): string {
    return `127.${64 + ((process.pid >> 8) & 63)}.${process.pid & 255}.${node}`;
  }

  /** Starts a program on a node; its output goes to NAME.log. */
  start(
    name: string,
    node: number,
    argv: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): void {
    const address = this.address(node);
    const log = openSync(join(this.folder, `${name}.log`), 'w');
    const [file = '', ...args] = argv;
    const child = spawn(file, args, {
      cwd: this.folder,
      stdio: ['ignore', log, log],
      env: {
        PATH: `${join(packageRoot, 'rehearsal/node-bin')}:${this.tools.bin}:${process.env.PATH}`,
        HOME: process.env.HOME,
        DYN_SLURM_TOOLS: this.tools.folder,
        DYN_SLURM_NODE_ADDR: address,
        DYN_SLURM_SPEEDUP: '10',
        ETCD_ENDPOINTS: this.etcd,
        DYN_TCP_RPC_HOST: address,
        DYN_TCP_RESPONSE_STREAM_HOST: address,
        DYN_SDK_DISABLE_ANSI_LOGGING: '1',
        ...env,
      },
    });
    this.#children.set(name, child);
  }

  log(name: string): string {
    return readFileSync(join(this.folder, `${name}.log`), 'utf8');
  }

  writeFile(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Asks until the answer is as wanted; fails when a process has ended. */
  async until(what: string, probe: () => Promise<boolean>): Promise<void> {
    while (!(await probe().catch(() => false))) {
      for (const [name, { exitCode, signalCode }] of this.#children) {
        if (exitCode === null && signalCode === null) continue;
        throw new Error(`waiting for ${what}, ${name} ended (${exitCode ?? signalCode}):\n${this.log(name)}`);
      }
      await sleep(50);
    }
  }

  /** Sends SIGTERM; returns how it ended. */
  async end(name: string): Promise<number | NodeJS.Signals | null> {
    const child = this.#children.get(name);
    this.#children.delete(name);
    if (child === undefined) return null;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
    return code ?? signal;
  }

  async close(): Promise<void> {
    const left = [...this.#children.values()].filter((child) => child.exitCode === null);
    const ended = left.map((child) => once(child, 'exit'));
    for (const child of left) child.kill('SIGKILL');
    await Promise.all(ended);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
