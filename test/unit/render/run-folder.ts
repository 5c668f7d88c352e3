import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { causePatterns } from '../../../src/render/cause-patterns.ts';

const TEMPLATES = join(import.meta.dirname, '../../../templates');

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A run folder, and programs that the bash of the bundle finds before the system's. */
export class RunFolder {
  readonly dir = mkdtempSync(join(tmpdir(), 'dyn-slurm-lib-'));
  readonly bin = join(this.dir, 'bin');

  constructor() {
    for (const folder of ['state', 'logs', 'bin', 'runtime']) mkdirSync(join(this.dir, folder));
    this.file('runtime/causes.txt', causePatterns());
  }

  /** A few lines of bash with lib.sh sourced, and those of its parts that need nothing of a run folder that is not there. */
  bash(lines: string, ...args: string[]): Promise<Ended> {
    const ports = existsSync(join(this.dir, 'movable-ports.txt'));
    const parts = readdirSync(join(TEMPLATES, 'lib')).filter((name) => ports || name !== 'ports.sh');
    const files = ['cause-line.sh', 'environment.sh', ...parts.map((name) => `lib/${name}`), ...nodeParts()];
    const source = `RUNTIME_FILES=(${files.join(' ')})\n. ${TEMPLATES}/lib.sh`;
    return this.#run(['-c', `${source}\n${lines}`, 'test', ...args], {});
  }

  /** A few lines of bash with task.sh sourced, outside of any step. */
  inTask(lines: string): Promise<Ended> {
    return this.#run(['-c', `. ${TEMPLATES}/task.sh\n${lines}`], { DYN_SLURM_NODES: 'node1' });
  }

  /** A few lines of bash with task.sh sourced, as the task of a step on the one node of a job; its log gets what it prints. */
  task(step: string, lines: string): Promise<Ended> {
    const env = {
      ATTEMPT_DIR: this.dir,
      DYN_SLURM_NODES: 'node1',
      DYN_SLURM_NODE_IPS: '127.0.0.1',
      SLURM_NODEID: '0',
      SLURMD_NODENAME: 'node1',
    };
    const log = join(this.dir, `logs/${step}.node1.log`);
    return this.#run(['-c', `exec >>${log} 2>&1; . ${TEMPLATES}/task.sh\nbind ${step} 0\n${lines}`], env);
  }

  /** What a node answers. */
  node(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
    const listed = { DYN_SLURM_RUNTIME_FILES: nodeParts().join(' ') };
    return this.#run([join(TEMPLATES, 'node.sh'), ...args], { ...listed, ...env });
  }

  /** A program that is this script of sh. */
  program(name: string, script: string): void {
    writeFileSync(join(this.bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(this.bin, name), 0o755);
  }

  file(name: string, text: string): void {
    writeFileSync(join(this.dir, name), text);
  }

  /** Of events.jsonl. */
  lines(): readonly string[] {
    return readFileSync(join(this.dir, 'events.jsonl'), 'utf8').split('\n').slice(0, -1);
  }

  events(): readonly Readonly<Record<string, unknown>>[] {
    return this.lines().map((line) => JSON.parse(line));
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true });
  }

  #run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
    const options = { env: { PATH: `${this.bin}:${process.env.PATH}`, RUN_DIR: this.dir, ...env } };
    return new Promise((resolve) => {
      execFile('bash', ['--norc', ...args], options, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      });
    });
  }
}

const nodeParts = (): readonly string[] => readdirSync(join(TEMPLATES, 'node')).map((name) => `node/${name}`);

/** For a program that stands for the srun of the preflight: sets `mark`, with which answers begin; `answer LINE`. */
export const ANSWERING = `previous=
for word; do [ "$previous" != "$RUN_DIR/runtime/node.sh" ] || mark=$word; previous=$word; done
answer() { echo "$mark $*"; }
`;
