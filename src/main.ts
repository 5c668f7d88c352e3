#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { FLUSH, type Interrupts, outOfTime } from './cli/interrupts.ts';
import { wrappingSink } from './cli/sink.ts';
import { processWorld } from './cli/world.ts';
import { DynSlurmError, EXIT, errorText } from './errors.ts';
import { unlessAborted } from './host/on-abort.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const packageRoot = fileURLToPath(new URL('..', import.meta.url));
const controller = new AbortController();
const interrupts: Interrupts = { handlers: [], holds: 0 };

for (const signal of SIGNALS) {
  process.on(signal, () => {
    const handler = signal === 'SIGINT' ? interrupts.handlers.at(-1) : undefined;
    if (handler) {
      handler();
      return;
    }
    if (controller.signal.aborted) process.exit(128 + constants.signals[signal]);
    controller.abort(signal);
  });
}
// Node's warnings are for whoever works on dyn-slurm.
if (!process.env.DYN_SLURM_TRACE) process.removeAllListeners('warning');

// All of IPv4, as grpc-js reads it. A proxy of the user's shell leads neither to a job's nodes nor to this machine, and etcd3
// does not pass grpc's option against it to the client by which it logs in.
process.env.no_grpc_proxy = '0.0.0.0/1,128.0.0.0/1';

// `| head` and a terminal that is closed take the reader away: nothing more can be said, and what runs is ended.
let unwritable: string | undefined;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE' && code !== 'EIO' && code !== 'EBADF') unwritable ??= message;
    if (!controller.signal.aborted) controller.abort('SIGPIPE');
  });
}

function report(error: unknown): number {
  // A wait that was aborted says no more than the signal did.
  const isInterrupt = controller.signal.aborted && !(error instanceof DynSlurmError);
  if (isInterrupt || controller.signal.reason === 'SIGPIPE') return EXIT.interrupted;
  if (error instanceof DynSlurmError) {
    wrappingSink(process.stderr).write(errorText(error));
    return EXIT[error.code];
  }
  const stack = error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${stack}\nThis is a bug in dyn-slurm: please report it, with the lines above.\n`);
  return 70;
}

async function main(argv: readonly string[]): Promise<number> {
  const { version } = JSON.parse(readFileSync(`${packageRoot}/package.json`, 'utf8')) as { version: string };
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${version}\n`);
    return EXIT.ok;
  }
  const { run } = await import('./cli/program.ts');
  return run(argv, version, processWorld(process, packageRoot, controller.signal, interrupts));
}

async function interrupted(): Promise<number> {
  await outOfTime(controller.signal, interrupts);
  process.stderr.write('interrupted; what does not answer is not waited for\n');
  return EXIT.interrupted;
}

const code = await Promise.race([main(process.argv.slice(2)).catch(report), interrupted()]);
// A pipe takes 64 KiB at a time, and exit would lose the rest.
const flushed = [process.stdout, process.stderr].map(
  (stream) => new Promise((done) => stream.write('', done)),
);
await unlessAborted(Promise.all(flushed), controller.signal, FLUSH);
process.exit(exitCode(code, controller.signal.reason));

function exitCode(code: number, reason: unknown): number {
  if (unwritable !== undefined) {
    process.stderr.write(`cannot write what was to be printed: ${unwritable}\n`);
    return EXIT.preflight;
  }
  // What had been done before the reader left is done.
  if (reason === 'SIGPIPE') return code === EXIT.interrupted ? 128 + constants.signals.SIGPIPE : code;
  const signal = SIGNALS.find((name) => name === reason);
  return signal ? 128 + constants.signals[signal] : code;
}
