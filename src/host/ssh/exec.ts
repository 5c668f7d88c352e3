import { constants } from 'node:os';
import { DynSlurmError } from '../../errors.ts';
import { commandError } from '../command-error.ts';
import type { CommandResult, ExecOptions } from '../host.ts';
import { unlessAborted } from '../on-abort.ts';
import { timeLimit } from '../time-limit.ts';
import { type Answer, ConnectionLost, type Exchange } from './exchange.ts';
import type { Link } from './link.ts';
import { execProgram, killProgram, whereProgram } from './program.ts';
import type { Session } from './session.ts';

/** Milliseconds that ending a remote process may hold up an interrupt. */
const KILL_PATIENCE = 1300;
/** A signal that ends programs, by its number: the host runs Linux. */
const signalName = (number: number): string | undefined =>
  number > 15 ? undefined : Object.entries(constants.signals).find(([, each]) => each === number)?.[0];

/** Host.exec over a session. Never repeated: where the connection is lost, the cause's code is ECONNRESET. */
export async function execRemotely(
  session: Session,
  host: string,
  argv: readonly string[],
  { timeout, signal, input, env = {} }: ExecOptions,
): Promise<CommandResult> {
  const [program = ''] = argv;
  const link = await session.link();
  const stop = AbortSignal.any([signal, timeLimit(timeout)]);
  const failed = { what: `${program} failed`, argv, host };
  try {
    const exchange = await link.run(execProgram(argv, env, input), argv.slice(0, 2).join(' '), true);
    const answer = await unlessAborted(exchange.answer, stop, 0);
    if (answer === undefined) {
      await end(link, exchange);
      if (signal.aborted)
        throw new DynSlurmError('interrupted', `interrupted while ${program} ran on ${host}`);
      const how = `no answer within ${timeout / 1000} s`;
      throw commandError({ ...failed, what: `${program} did not end`, how }, 'connection');
    }
    const stdout = answer.stdout.toString('utf8');
    const { stderr, status, notes, tooMuch } = answer;
    if (notes.includes('missing')) throw await missing(link, program, failed);
    if (tooMuch) throw commandError({ ...failed, stderr, how: 'too much output' }, 'connection');
    const killed = signalName(status - 128);
    if (killed) throw commandError({ ...failed, stdout, stderr, how: `killed by ${killed}` }, 'connection');
    return { stdout, stderr, exitCode: status };
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    const cause = Object.assign(new Error(error.message), { code: 'ECONNRESET' });
    throw commandError({ ...failed, how: 'the connection was lost' }, 'connection', { cause });
  }
}

/** Ends what an exchange runs, through another shell of the same host. */
async function end(link: Link, { shell }: Exchange): Promise<void> {
  if (!link.open) return;
  const kill = link.run(killProgram(shell), `end what shell ${shell} runs`).then(({ answer }) => answer);
  await unlessAborted(
    kill.catch(() => {}),
    timeLimit(KILL_PATIENCE),
    0,
  );
}

/** Sites put Slurm on the PATH of login shells only, or behind a module. */
async function missing(
  link: Link,
  program: string,
  failed: { readonly argv: readonly string[]; readonly host: string },
): Promise<DynSlurmError> {
  const asked = link.run(whereProgram(program), `look for ${program}`, true).then(({ answer }) => answer);
  const answer = await unlessAborted(
    asked.catch(() => undefined),
    timeLimit(10_000),
    0,
  );
  const found = answer && pathIn(answer, program);
  const hint =
    found === undefined
      ? `log in and check how ${program} is added to PATH there (\`module load slurm\`?); then set slurm_bin in the cluster profile to its folder`
      : `a login shell finds ${found}: set \`slurm_bin: ${found.slice(0, found.lastIndexOf('/'))}\` in the cluster profile`;
  const cause = Object.assign(new Error(`${program} is not on PATH`), { code: 'ENOENT' });
  const what = `cannot run ${program}`;
  return commandError({ ...failed, what, how: 'not on the PATH of non-interactive commands' }, 'preflight', {
    hint,
    cause,
  });
}

function pathIn({ stdout }: Answer, program: string): string | undefined {
  const lines = stdout.toString('utf8').split('\n');
  return lines.findLast((line) => line.startsWith('/') && line.endsWith(`/${program}`));
}
