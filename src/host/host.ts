import type { Duplex } from 'node:stream';

/** How a command ended by itself. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface ExecOptions {
  /** Milliseconds, after which the command is killed. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly input?: string;
  /** Beside the host's own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Stdio {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export interface InteractOptions {
  /** Kind of the terminal, which the program then gets, with its size and its keys. Absent: input and output are pipes. */
  readonly term?: string;
  /** This process's own. */
  readonly stdio: Stdio;
  readonly signal: AbortSignal;
}

/** A file to write: its text, and permission bits that hold whatever the umask is. */
export interface HostFile {
  readonly text: string;
  readonly mode: number;
}

/** A piece of a file, and what the file was at that moment. */
export interface FilePart {
  readonly bytes: Uint8Array;
  /** Size of the whole file in bytes. */
  readonly size: number;
  /** Differs once another file has taken the path. */
  readonly id: string;
}

/** The machine that runs Slurm's commands and has the run folders. Failures are DynSlurmErrors that say what ran, and where. */
export interface Host {
  /** How messages name it: `this machine`, or a login host. */
  readonly name: string;
  /**
   * Runs a program without a shell. A non-zero exit is a result; throws `connection` where the program cannot be
   * started, is killed or does not end in time, and `interrupted` on abort.
   */
  exec(argv: readonly string[], options: ExecOptions): Promise<CommandResult>;
  /**
   * Makes a folder 0700, and new files in it by relative path. Throws `preflight` where a file already exists, or the
   * folder is a link or belongs to somebody else. A folder that was made and cannot be filled goes again.
   */
  writeFiles(dir: string, files: ReadonlyMap<string, HostFile>): Promise<void>;
  /** Removes a run folder and all in it; no error where there is none. Throws `preflight` where it is not ours. */
  remove(dir: string): Promise<void>;
  /** A whole small file; undefined where there is none, or something else than a file. Of a huge one its first 64 MiB. */
  readText(path: string): Promise<string | undefined>;
  /** The same of several, at the cost of one round trip. */
  readTexts(paths: readonly string[]): Promise<readonly (string | undefined)[]>;
  /**
   * The same small file of every folder in a folder, by the folder's name, at the cost of one round trip; undefined where
   * one has no such file.
   */
  readEach(dir: string, file: string): Promise<ReadonlyMap<string, string | undefined>>;
  /** At most `length` bytes from `offset` on; none past the end. Undefined where there is no file. */
  read(path: string, offset: number, length: number): Promise<FilePart | undefined>;
  /** Names in a folder, sorted; none where there is no folder. */
  list(dir: string): Promise<readonly string[]>;
  /**
   * What a file holds from `offset` on, and what is added to it, until the abort. The file may not exist yet. An empty
   * chunk says that the file was truncated or replaced: what follows is from its new beginning.
   */
  follow(path: string, offset: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** A path made absolute; a host at a distance knows where `~` is. All other calls take either. */
  resolve(path: string): Promise<string>;
  /**
   * Runs a program with the input and output of this process, or on its terminal. The exit code, 128 + n after signal n;
   * rejects with `connection` where it cannot be started.
   */
  interact(argv: readonly string[], options: InteractOptions): Promise<number>;
  /** A stream to a port that the host can reach. Absent where this machine is the host. */
  dial?(address: string, port: number): Promise<Duplex>;
}
