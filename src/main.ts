#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { type Interrupts, processWorld, wrappingSink } from './cli/world.ts';
import { DynSlurmError, EXIT } from './errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const packageRoot = fileURLToPath(new URL('..', import.meta.url));
const controller = new AbortController();
const interrupts: Interrupts = { handlers: [] };

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
// `dyn-slurm topologies | head` closes the pipe early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

function report(error: unknown): number {
  if (error instanceof DynSlurmError) {
    const text = `${error.message}\n${error.hint ? `  hint: ${error.hint}\n` : ''}`;
    wrappingSink(process.stderr).write(text);
    return EXIT[error.code];
  }
  // A wait that was aborted says no more than the signal did.
  if (controller.signal.aborted) return EXIT.interrupted;
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

const code = await main(process.argv.slice(2)).catch(report);
// A pipe takes 64 KiB at a time, and exit would lose the rest.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))),
);
const signal = SIGNALS.find((name) => name === controller.signal.reason);
process.exit(signal ? 128 + constants.signals[signal] : code);
