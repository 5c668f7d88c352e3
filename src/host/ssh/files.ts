import { DynSlurmError } from '../../errors.ts';
import { runFolderRefusal } from '../folder-refusal.ts';
import type { FilePart, HostFile } from '../host.ts';
import { foldersAbove } from '../local-files.ts';
import { plainText } from '../plain-text.ts';
import type { Answer } from './exchange.ts';
import {
  listProgram,
  readAllProgram,
  readEachProgram,
  readProgram,
  readTextsProgram,
  removeProgram,
  writeProgram,
} from './program.ts';
import type { Session } from './session.ts';

/** Files over a session: each call is one exchange, repeated over a new connection where the old one is lost. */
export class RemoteFiles {
  readonly #session: Session;
  readonly #name: string;

  constructor(session: Session, name: string) {
    this.#session = session;
    this.#name = name;
  }

  async write(dir: string, files: ReadonlyMap<string, HostFile>): Promise<void> {
    const folders = [...new Set([...files.keys()].flatMap(foldersAbove))].sort();
    const label = `write ${[...files.keys()].slice(0, 1)}${files.size > 1 ? ` and ${files.size - 1} more` : ''}`;
    const answer = await this.#ask((again) => writeProgram(dir, folders, files, again), label);
    const [refused] = answer.notes.filter((note) => note.startsWith('refused\t'));
    if (refused !== undefined) {
      const [, path = dir, what = 'cannot be written'] = refused.split('\t');
      throw runFolderRefusal(`${this.#name}:${path}`, what, answer.stdout.toString('utf8').trim());
    }
    if (answer.status !== 0) throw this.#failed(`write ${dir}`, answer);
  }

  async readText(path: string): Promise<string | undefined> {
    const answer = await this.#ask(() => readAllProgram(path), `read ${path}`);
    if (isAbsent(answer)) return undefined;
    if (answer.status !== 0) throw this.#failed(`read ${path}`, answer);
    return answer.stdout.toString('utf8');
  }

  async readTexts(paths: readonly string[]): Promise<readonly (string | undefined)[]> {
    if (paths.length === 0) return [];
    const label = `read ${paths[0]}${paths.length > 1 ? ` and ${paths.length - 1} more` : ''}`;
    const { stdout } = await this.#ask(() => readTextsProgram(paths), label);
    return stdout.toString('utf8').split('\0').slice(0, paths.length).map(textOf);
  }

  async readEach(dir: string, file: string): Promise<ReadonlyMap<string, string | undefined>> {
    const { stdout } = await this.#ask(() => readEachProgram(dir, file), `read ${dir}/*/${file}`);
    const parts = stdout.toString('utf8').split('\0');
    const found = new Map<string, string | undefined>();
    for (let index = 0; index + 1 < parts.length; index += 2)
      found.set(parts[index] ?? '', textOf(parts[index + 1]));
    return found;
  }

  async read(path: string, offset: number, length: number): Promise<FilePart | undefined> {
    const answer = await this.#ask(() => readProgram(path, offset, length), `read ${path} from ${offset}`);
    if (isAbsent(answer)) return undefined;
    const [, size, id] = /^part (\d+) (\S+)$/.exec(answer.notes[0] ?? '') ?? [];
    if (answer.status !== 0 || size === undefined || id === undefined)
      throw this.#failed(`read ${path}`, answer);
    return { bytes: answer.stdout, size: Number(size), id };
  }

  async list(dir: string): Promise<readonly string[]> {
    const { stdout } = await this.#ask(() => listProgram(dir), `list ${dir}`);
    return stdout.toString('utf8').split('\0').filter(Boolean).sort();
  }

  async remove(path: string): Promise<void> {
    const answer = await this.#ask(() => removeProgram(path), `remove ${path}`);
    if (answer.status !== 0) throw this.#failed(`remove ${path}`, answer);
  }

  #ask(program: (again: boolean) => string, label: string): Promise<Answer> {
    return this.#session.repeat(async (link, again) => (await link.run(program(again), label)).answer);
  }

  #failed(what: string, { stderr, status }: Answer): DynSlurmError {
    const said = stderr.trim().split('\n').map(plainText).join('\n');
    return new DynSlurmError('connection', `cannot ${what} on ${this.#name} (exit ${status})\n${said}`);
  }
}

/** What readTextsProgram prints of a file. */
function textOf(printed: string | undefined): string | undefined {
  return printed?.startsWith('+') ? printed.slice(1) : undefined;
}

/** A file that goes stale while it is read (NFS) is one that is not there. */
function isAbsent({ notes, stderr }: Answer): boolean {
  return notes.includes('absent') || /No such file or directory|Stale file handle/.test(stderr);
}
