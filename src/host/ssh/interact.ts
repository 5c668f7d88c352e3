import type { ExecOptions as ChannelOptions, ClientChannel } from 'ssh2';
import { quote } from '../../render/shell.ts';
import { commandError } from '../command-error.ts';
import type { InteractOptions } from '../host.ts';
import { onAbort } from '../on-abort.ts';
import { remotePath } from './program.ts';
import type { Session } from './session.ts';

/** Host.interact over a session: a channel of its own, with a terminal there where one is wanted. */
export async function interactRemotely(
  session: Session,
  host: string,
  argv: readonly string[],
  { term, stdio, signal }: InteractOptions,
  folders: readonly string[],
): Promise<number> {
  const { stdin, stdout, stderr } = stdio;
  const size = () => ({ rows: stdout.rows || 24, cols: stdout.columns || 80, width: 0, height: 0 });
  const options: ChannelOptions = term === undefined ? {} : { pty: { term, ...size() } };
  const link = await session.link();
  const channel = await link.channel(interactiveProgram(argv, folders), options);
  const resize = () => channel.setWindow(size().rows, size().cols, 0, 0);
  const stop = () => channel.close();
  const raw = term !== undefined && stdin.isTTY;
  if (raw) stdin.setRawMode(true);
  stdout.on('resize', resize);
  const forget = onAbort(signal, stop);
  try {
    stdin.pipe(channel);
    channel.pipe(stdout, { end: false });
    channel.stderr.pipe(stderr, { end: false });
    const code = await exitOf(channel);
    if (code !== undefined) return code;
    const failed = { what: `${argv[0]} failed`, how: 'the connection was lost', argv, host };
    if (signal.aborted) return 130;
    throw commandError(failed, 'connection');
  } finally {
    stdin.unpipe(channel);
    stdin.pause();
    if (raw) stdin.setRawMode(false);
    stdout.off('resize', resize);
    forget();
  }
}

/** Undefined where the channel closes without telling. */
function exitOf(channel: ClientChannel): Promise<number | undefined> {
  return new Promise((resolve) => {
    let code: number | undefined;
    channel.on('exit', (status: number | null) => {
      code = status ?? 128 + 15;
    });
    channel.on('close', () => resolve(code));
  });
}

/** One line for any login shell, csh among them: what is to run is in letters and digits only. */
function interactiveProgram(argv: readonly string[], folders: readonly string[]): string {
  const path = [...folders.map(remotePath), '$PATH'].join(':');
  const program = `PATH=${path}; exec -- ${argv.map(quote).join(' ')}`;
  const letters = Buffer.from(program, 'utf8').toString('base64');
  return `exec bash --norc -c 'eval "$(printf %s ${letters} | base64 -d)"'`;
}
