import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DynSlurmError, EXIT } from '../errors.ts';
import { type Call, Refusal } from './slurm/call.ts';
import { scancel } from './slurm/control-requests.ts';
import { jobDaemon } from './slurm/job-daemon.ts';
import { scontrol, squeue } from './slurm/queries.ts';
import { srun } from './slurm/srun.ts';
import { readStandIn } from './slurm/state-dir.ts';
import { salloc, sbatch } from './slurm/submission.ts';

// The bundle dist/rehearsal/slurm.js plays all of Slurm's programs: those of rehearsal/bin import it and call run;
// on a node, and for a job's daemon, it is started as `node slurm.js PROGRAM ARGUMENT…`.

const entry = fileURLToPath(import.meta.url);
const root = join(dirname(entry), '../..');

const PROGRAMS: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  sbatch,
  srun,
  scontrol,
  squeue,
  scancel,
  salloc,
  'job-daemon': jobDaemon,
  // The machine's own sacct would answer about another cluster's jobs.
  async sacct() {
    throw new Refusal('Slurm accounting storage is disabled');
  },
};

/** Plays the program of that name, or at that path, and ends the process with its exit code. */
export async function run(program: string, args: readonly string[]): Promise<void> {
  let code: number;
  try {
    code = await play(basename(program), args);
  } catch (error) {
    const isExpected = error instanceof Refusal || error instanceof DynSlurmError;
    const said = isExpected ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`${said}\n`);
    code = error instanceof Refusal ? 1 : EXIT.usage;
  }
  // What is still written to a pipe would be lost.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

async function play(name: string, args: readonly string[]): Promise<number> {
  const program = PROGRAMS[name];
  if (!program) throw new Refusal(`the stand-in for Slurm has no ${name}`);
  // Whoever reads our output may go before us.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return program({
    args,
    env: process.env,
    cwd: process.cwd(),
    standIn: readStandIn(process.env, root, entry),
    out: process.stdout,
    err: process.stderr,
    get input() {
      return process.stdin;
    },
    onSignal: (signal, listener) => process.on(signal, listener),
  });
}

if (process.argv[1] === entry) await run(process.argv[2] ?? '', process.argv.slice(3));
