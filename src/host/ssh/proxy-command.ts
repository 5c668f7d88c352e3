import { spawn } from 'node:child_process';
import process from 'node:process';
import { Duplex } from 'node:stream';
import { plainText } from '../plain-text.ts';

/** As OpenSSH starts it, but for Ctrl-C, which is for us alone: what is under way may need the connection. */
const START = 'trap "" INT; exec "$1" -c "exec $2"';
/** Maximum number of characters kept of its standard error. */
const MOST_WORDS = 2000;
/** Milliseconds to end in once its input has; what it leaves behind, such as a ControlMaster, may keep its output open. */
const GRACE = 500;

/** A connection that a command makes. */
export interface Proxy {
  /** The command ends with the stream, and the stream with the command. */
  readonly stream: Duplex;
  /** How it ended and what it has written to standard error, once the stream has ended; undefined for neither. */
  fate(): Promise<string | undefined>;
}

/** Runs a ProxyCommand, which ends with this process at the latest. `quiet`: away from the terminal, so that it cannot ask anything. */
export function runProxyCommand(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
  quiet: boolean,
): Proxy {
  const child = spawn('/bin/sh', ['-c', START, 'sh', env.SHELL || '/bin/sh', command], {
    env: { ...env },
    detached: quiet,
  });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  const { stderr } = child;
  let words = '';
  stderr.setEncoding('utf8').on('data', (text) => {
    words = (words + text).slice(-MOST_WORDS);
  });
  const kill = () => child.kill('SIGHUP');
  process.once('exit', kill);
  child.on('exit', () => process.off('exit', kill));
  child.on('error', (error) => stream.destroy(error));
  stream.on('error', () => {});
  stream.on('end', () => stream.destroy());
  const ended = new Promise<void>((resolve) => {
    child.on('close', resolve);
    stream.on('close', () => {
      const late = setTimeout(() => {
        kill();
        stderr.destroy();
        resolve();
      }, GRACE);
      child.on('close', () => clearTimeout(late));
    });
  });
  return {
    stream,
    fate: async () => {
      await ended;
      const told = words.trim() === '' ? [] : words.trim().split(/\r?\n/).map(plainText);
      if (child.exitCode === null && told.length === 0) return undefined;
      const how = child.exitCode === null ? 'says' : `ended (exit ${child.exitCode})`;
      return [`its ProxyCommand ${how}`, ...told].join('\n  ');
    },
  };
}
