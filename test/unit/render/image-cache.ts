import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, '../../../templates/image.sh');
export const SOURCE = 'docker://nvcr.io#nvidia/x:1';

// Without unsquashfs, so that the smallest whole squashfs is a superblock.
const PROGRAMS = 'bash cat chmod date df flock head id mkdir mv od rm sleep stat'.split(' ');

/** Writes its output once `hold` is gone; fails with the text of `words`, if there is one; `calls` has a line for each. */
const ENROOT = `#!/bin/bash
echo "$1 $2 $4" >>ROOT/calls
echo '[INFO] Fetching image manifest' >&2
echo half >"$3"
while [[ -e ROOT/hold ]]; do sleep 0.05; done
[[ ! -e ROOT/words ]] || { cat ROOT/words >&2; exit 1; }
cat ROOT/squashfs >"$3"
`;

/** Magic and, at 40, the number of bytes in use: 96, the size of a superblock. */
export function superblock(used = 96): Buffer {
  const bytes = Buffer.alloc(96);
  bytes.write('hsqs');
  bytes.writeBigUInt64LE(BigInt(used), 40);
  return bytes;
}

/** An image.sh that runs. */
export interface Import {
  readonly child: ChildProcess;
  /** Its exit code; null after a signal. */
  readonly ended: Promise<number | null>;
  output(): string;
  /** What lib.sh is told, without the seconds: `importing: docker://…`. */
  told(): readonly string[];
}

/** An image cache, a PATH with a stand-in for enroot, and jobs that want the image `x`. */
export class ImageCache {
  readonly root = mkdtempSync(join(tmpdir(), 'dyn-slurm-image-'));
  readonly folder = join(this.root, 'images');
  readonly image = join(this.folder, 'x.sqsh');

  constructor() {
    mkdirSync(this.folder);
    mkdirSync(join(this.root, 'bin'));
    for (const program of PROGRAMS) {
      const argv = ['-c', 'type -P "$1"', 'which', program];
      symlinkSync(execFileSync('bash', argv, { encoding: 'utf8' }).trim(), join(this.root, 'bin', program));
    }
    this.program('enroot', ENROOT.replaceAll('ROOT', this.root));
    this.put('squashfs', superblock());
  }

  /** Puts a program on the PATH, in the place of another of that name. */
  program(name: string, text: string): void {
    const path = join(this.root, 'bin', name);
    rmSync(path, { force: true });
    writeFileSync(path, text, { mode: 0o755 });
  }

  put(file: 'hold' | 'words' | 'squashfs', bytes: string | Buffer): void {
    writeFileSync(join(this.root, file), bytes);
  }

  letGo(): void {
    rmSync(join(this.root, 'hold'));
  }

  /** enroot’s command lines, without the output. */
  imports(): readonly string[] {
    const file = join(this.root, 'calls');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  /** Starts image.sh as the step of a job does. */
  start(job = 7, env: Readonly<Record<string, string>> = {}): Import {
    const attempt = join(this.root, `run-${job}`);
    mkdirSync(join(attempt, 'state'), { recursive: true });
    const own = { DYN_SLURM_ATTEMPT_DIR: attempt, SLURM_JOB_ID: String(job), SLURMD_NODENAME: `node${job}` };
    const child = spawn('bash', [SCRIPT, SOURCE, this.image], {
      env: { PATH: join(this.root, 'bin'), ...own, ...env },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        output += text;
      });
    }
    const state = join(attempt, 'state/image');
    return {
      child,
      ended: new Promise((resolve) => child.on('close', (code) => resolve(code))),
      output: () => output,
      told: () => (existsSync(state) ? lines(readFileSync(state, 'utf8')) : []),
    };
  }

  async run(job?: number, env?: Readonly<Record<string, string>>): Promise<Import & { code: number | null }> {
    const started = this.start(job, env);
    return { ...started, code: await started.ended };
  }

  dispose(): void {
    rmSync(this.root, { recursive: true });
  }
}

function lines(text: string): readonly string[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(/^(\S+) \d+ /, '$1: '));
}
