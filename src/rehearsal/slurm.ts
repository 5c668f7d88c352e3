import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DynSlurmError, EXIT } from '../errors.ts';
import { type Call, Refusal } from './slurm/call.ts';
import { readSite } from './slurm/site.ts';

// The bundle dist/rehearsal/slurm.js plays all of Slurm's programs: those of rehearsal/bin import it and call run;
// on a node, and for a job's keeper, it is started as `node slurm.js PROGRAM ARGUMENT…`.

const entry = fileURLToPath(import.meta.url);
const root = join(dirname(entry), '../..');

const VERSION = 'slurm 22.05.8 (the stand-in of dyn-slurm)';

const PROGRAMS: Readonly<Record<string, () => Promise<(call: Call) => Promise<number>>>> = {
  sbatch: async () => (await import('./slurm/sbatch.ts')).sbatch,
  srun: async () => (await import('./slurm/srun.ts')).srun,
  scontrol: async () => (await import('./slurm/scontrol.ts')).scontrol,
  squeue: async () => (await import('./slurm/squeue.ts')).squeue,
  scancel: async () => (await import('./slurm/scancel.ts')).scancel,
  salloc: async () => (await import('./slurm/salloc.ts')).salloc,
  sacct: async () => (await import('./slurm/sacct.ts')).sacct,
  keeper: async () => (await import('./slurm/keeper.ts')).keeper,
};

/** Plays the program of that name, or at that path, and ends the process with its exit code. */
export async function run(program: string, args: readonly string[]): Promise<void> {
  const name = basename(program);
  let code: number;
  try {
    code = await play(name, args);
  } catch (error) {
    const expected = error instanceof Refusal || error instanceof DynSlurmError;
    process.stderr.write(
      `${expected ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
    );
    code = error instanceof Refusal ? error.exitCode : EXIT.usage;
  }
  // What is still written to a pipe would be lost.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

async function play(name: string, args: readonly string[]): Promise<number> {
  const program = await PROGRAMS[name]?.();
  if (!program) throw new Refusal(`the stand-in for Slurm has no ${name}`);
  if (args[0] === '--version' || args[0] === '-V') {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  // Whoever reads our output may go before us.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return program({
    name,
    args,
    env: process.env,
    cwd: process.cwd(),
    site: readSite(process.env, root, entry),
    out: process.stdout,
    err: process.stderr,
    get input() {
      return process.stdin;
    },
    get inputIsTerminal() {
      return process.stdin.isTTY === true;
    },
    onSignal: (signal, listener) => process.on(signal, listener),
  });
}

if (process.argv[1] === entry) await run(process.argv[2] ?? '', process.argv.slice(3));
