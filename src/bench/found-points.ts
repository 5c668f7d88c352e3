import { join } from 'node:path/posix';
import type { Host } from '../host/host.ts';
import { attemptsAmong } from '../observe/log-file.ts';
import { ACCURACY } from '../plan/bench/accuracy.ts';
import { type BenchOutline, CONFIGURED, type Slo } from '../plan/bench/spec.ts';
import { attemptDir, type Run } from '../run/folder.ts';
import type { FoundAccuracy } from './accuracy.ts';
import type { FoundPoint } from './assemble.ts';
import { isWhole, type PointRecord, parsePointRecord } from './point-record.ts';
import { readCounted } from './tool/accuracy.ts';
import { RESULT_FILE, readTool } from './tool/read-tool.ts';

/** The measurements of a benchmark, as its folders have them. Those of a `custom` one are whatever can be read. */
export async function foundPoints(
  host: Host,
  run: Run,
  outline: BenchOutline,
): Promise<readonly FoundPoint[]> {
  const folders = await resultFolders(host, run, outline);
  if (outline.type === 'custom') return customPoints(host, folders);
  const { type } = outline;
  if (type === 'accuracy') return [];
  const names = await Promise.all(folders.map((parent) => host.list(parent)));
  return Promise.all(
    outline.points.map(async ({ folder, concurrency, prompts, requestRate }) => {
      const places = folders.flatMap((parent, index) =>
        (names[index] ?? [])
          .filter((name) => name === folder || name.startsWith(`${folder}@`))
          .map((name) => join(parent, name)),
      );
      const found = await Promise.all(places.map((place) => pointIn(host, place, type, outline.slo)));
      const noted = found.filter(({ record }) => record !== undefined);
      const best = noted.findLast(({ record }) => isWhole(record)) ?? noted.at(-1);
      return { concurrency, prompts, ...(requestRate !== undefined && { requestRate }), ...best };
    }),
  );
}

/** What was left of the questions that a benchmark asks, by the last attempt that has come through. */
export async function foundAccuracy(host: Host, run: Run, outline: BenchOutline): Promise<FoundAccuracy> {
  if (outline.accuracy === undefined) return {};
  const places = (await resultFolders(host, run, outline)).map((folder) => join(folder, ACCURACY));
  const found = await Promise.all(
    places.map(async (place): Promise<FoundAccuracy> => {
      const { record, text } = await leftIn(host, place, 'result.json');
      const counted = text === undefined ? undefined : readCounted(text);
      return { ...(record && { record }), ...(counted && { counted }) };
    }),
  );
  const noted = found.filter(({ record }) => record !== undefined);
  return noted.findLast(({ record }) => isWhole(record)) ?? noted.at(-1) ?? {};
}

/** Result folders of each attempt of the job, in order. */
async function resultFolders(host: Host, run: Run, { name, type }: BenchOutline): Promise<readonly string[]> {
  const inside = name === CONFIGURED && type === 'custom' ? 'results' : join('results', name);
  if (name !== CONFIGURED) return [join(run.dir, inside)];
  const attempts = attemptsAmong(await host.list(join(run.dir, 'attempts')));
  return [join(run.dir, inside), ...attempts.map((attempt) => join(attemptDir(run.dir, attempt), inside))];
}

async function pointIn(
  host: Host,
  folder: string,
  type: keyof typeof RESULT_FILE,
  slo: Slo | undefined,
): Promise<Pick<FoundPoint, 'record' | 'measured'>> {
  const { record, text } = await leftIn(host, folder, RESULT_FILE[type]);
  const measured = text === undefined ? undefined : readTool(type, text, slo);
  return { ...(record && { record }), ...(measured && { measured }) };
}

/** The record of a measurement, and its result. */
async function leftIn(
  host: Host,
  folder: string,
  result: string,
): Promise<{ readonly record: PointRecord | undefined; readonly text: string | undefined }> {
  const [note, text] = await Promise.all([
    host.readText(join(folder, 'point')),
    host.readText(join(folder, result)),
  ]);
  return { record: note === undefined ? undefined : parsePointRecord(note), text };
}

/** Bytes of a file that may be a result; lists of every request can be long. */
const LARGEST = 64 * 1024 * 1024;

/** Results in the shapes of the tools, in the folder or one below, of the last attempt that has any. */
async function customPoints(host: Host, folders: readonly string[]): Promise<readonly FoundPoint[]> {
  for (const folder of folders.toReversed()) {
    const points = await readableIn(host, folder, 1);
    if (points.length > 0) return points.toSorted((one, other) => one.concurrency - other.concurrency);
  }
  return [];
}

async function readableIn(host: Host, folder: string, deeper: number): Promise<readonly FoundPoint[]> {
  const names = await host.list(folder);
  // Benchmarks that were asked for have their own.
  if (deeper === 0 && names.includes('bench.json')) return [];
  const found = await Promise.all(
    names.map(async (name): Promise<readonly FoundPoint[]> => {
      const path = join(folder, name);
      if (!/\.jsonl?$/.test(name)) {
        return deeper > 0 && !name.includes('.') && !/^bench-/.test(name)
          ? readableIn(host, path, deeper - 1)
          : [];
      }
      const part = await host.read(path, 0, LARGEST);
      const measured = part && readTool('custom', new TextDecoder().decode(part.bytes));
      return measured ? [{ concurrency: measured.concurrency ?? 0, measured }] : [];
    }),
  );
  return found.flat();
}
