import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { type TestWorld, temporaryFolder, testWorld } from '../../../world.ts';

export interface GpuRow {
  readonly name?: string;
  readonly used?: number;
  readonly mig?: boolean;
  /** `PID, PROGRAM, MIB`. */
  readonly processes?: readonly string[];
}

/** A world on a machine with these GPUs, whose nvidia-smi is a program that answers as the real one does. */
export function machineWith(
  gpus: readonly GpuRow[],
  env: Readonly<Record<string, string>> = {},
  script?: string,
): TestWorld {
  const bin = join(temporaryFolder(), 'bin');
  mkdirSync(bin);
  const rows = gpus.map(
    ({ name = 'NVIDIA H200', used = 1, mig = false }, index) =>
      `${index}, GPU-${index}aaa, ${name}, 143771, ${used}, ${mig ? 'Enabled' : 'Disabled'}`,
  );
  const processes = gpus.flatMap(({ processes: own = [] }, index) =>
    own.map((process) => `GPU-${index}aaa, ${process}`),
  );
  const answers = `case $1 in
--query-gpu=index,uuid,*) cat <<'X'
${rows.join('\n')}
X
;;
*) cat <<'X'
${processes.join('\n')}
X
;; esac`;
  writeFileSync(join(bin, 'nvidia-smi'), `#!/bin/sh\n${script ?? answers}\n`);
  chmodSync(join(bin, 'nvidia-smi'), 0o755);
  return testWorld({ env: { PATH: `${bin}:${process.env.PATH}`, ...env } });
}
