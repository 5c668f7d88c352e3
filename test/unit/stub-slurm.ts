import { mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Program = 'sbatch' | 'squeue' | 'sacct' | 'scancel' | 'sinfo';

export interface Answer {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exit?: number;
  /** Says nothing, and never ends: a site's wrapper around a command that hangs. */
  readonly hangs?: boolean;
}

/** Slurm's commands as scripts that say what a test tells them, and note what they were asked. */
export interface StubSlurm {
  /** To be put on PATH. */
  readonly bin: string;
  answer(program: Program, answer: Answer): Promise<void>;
  /** Whole command lines, in order. */
  calls(): Promise<readonly string[]>;
}

/** Programs without an answer are not there. */
export async function stubSlurm(answers: Partial<Record<Program, Answer>> = {}): Promise<StubSlurm> {
  const bin = await mkdtemp(join(tmpdir(), 'dyn-slurm-stub-'));
  let version = 0;
  // A command may be running: its new answer takes its place at once, or not at all.
  const answer = async (program: Program, { stdout = '', stderr = '', exit = 0, hangs }: Answer) => {
    const file = `${program}.${version++}`;
    await writeFile(join(bin, `${file}.stdout`), stdout);
    await writeFile(join(bin, `${file}.stderr`), stderr);
    const lines = [
      '#!/bin/sh',
      'here=${0%/*}',
      `echo "${program} $*" >> "$here/calls"`,
      ...(hangs ? ['sleep 60 & wait'] : []),
      `cat "$here/${file}.stdout"`,
      `cat "$here/${file}.stderr" >&2`,
      `exit ${exit}`,
      '',
    ];
    await writeFile(join(bin, file), lines.join('\n'), { mode: 0o755 });
    await rename(join(bin, file), join(bin, program));
  };
  await writeFile(join(bin, 'calls'), '');
  for (const [program, given] of Object.entries(answers)) await answer(program as Program, given);
  return {
    bin,
    answer,
    calls: async () => (await readFile(join(bin, 'calls'), 'utf8')).split('\n').filter(Boolean),
  };
}
