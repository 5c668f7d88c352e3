import { type Columns, mean, thin } from './thin.ts';

/** The GPUs of one node over time. */
export interface GpuSeries {
  readonly node: string;
  /** `prefill`, `decode`: of the workers there. */
  readonly roles: readonly string[];
  readonly gpus: number;
  /** Means over the node's GPUs: percent busy, MiB of memory, watts. */
  readonly over: Columns;
}

const MOST = 800;

/** `began`: when the log did, milliseconds since 1970. Samples of one moment lie within a second. */
export function gpuSeries(
  node: string,
  roles: readonly string[],
  samples: readonly GpuSample[],
  began: number,
): GpuSeries {
  const moments = new Map<number, GpuSample[]>();
  for (const sample of samples) {
    const at = Math.round(sample.seconds);
    moments.set(at, [...(moments.get(at) ?? []), sample]);
  }
  const rows = [...moments].toSorted(([one], [other]) => one - other);
  const column = (field: 'busy' | 'memory' | 'power') =>
    rows.map(([, moment]) => mean(moment.map((sample) => sample[field])));
  return {
    node,
    roles,
    gpus: new Set(samples.map(({ gpu }) => gpu)).size,
    over: thin(
      rows.map(([seconds]) => began / 1000 + seconds),
      [column('busy'), column('memory'), column('power')],
      MOST,
    ),
  };
}

/** One GPU of a node over time. */
export interface GpuSample {
  /** Seconds since the log began. */
  readonly seconds: number;
  readonly gpu: number;
  /** Percent. */
  readonly busy: number | null;
  /** MiB. */
  readonly memory: number | null;
  /** Watts. */
  readonly power: number | null;
}

/**
 * Reads `logs/gpu.NODE.csv`: what `nvidia-smi --query-gpu=… --format=csv` prints, or `dcgmi dmon`, whose lines have no
 * times and come every `interval` seconds. What is neither is passed over: a site's task prolog may print before it, and
 * leave its last line open.
 */
export function parseGpuCsv(text: string, interval: number): readonly GpuSample[] {
  const lines = text.split('\n').map((line) => line.replace(HEADER, '$1').trim());
  return lines.some((line) => line.startsWith('#Entity')) ? parseDcgm(lines, interval) : parseSmi(lines);
}

/** The names of the columns, from the first one on. */
const HEADER = /^.*?(timestamp, ?index,.*|#Entity .*)$/;

function parseSmi(lines: readonly string[]): readonly GpuSample[] {
  let names: readonly string[] = [];
  let first: number | undefined;
  return lines.flatMap((line): readonly GpuSample[] => {
    const cells = line.split(',').map((cell) => cell.trim());
    if (cells[0] === 'timestamp') {
      names = cells.map((cell) => cell.replace(/ \[.*$/, ''));
      return [];
    }
    const cell = (name: string) => cells[names.indexOf(name)];
    // 2026/11/24 09:00:00.123, in the node's own time zone: only differences are used.
    const time = Date.parse(`${cells[0]?.replaceAll('/', '-').replace(' ', 'T')}Z`);
    const gpu = number(cell('index'));
    if (Number.isNaN(time) || gpu === null) return [];
    first ??= time;
    return [
      {
        seconds: (time - first) / 1000,
        gpu,
        busy: number(cell('utilization.gpu')),
        memory: number(cell('memory.used')),
        power: number(cell('power.draw')),
      },
    ];
  });
}

function parseDcgm(lines: readonly string[], interval: number): readonly GpuSample[] {
  let names: readonly string[] = [];
  const rows = new Map<number, number>();
  return lines.flatMap((line): readonly GpuSample[] => {
    const words = line.split(/\s+/);
    // `#Entity GPUTL FBUSD …` stands over `GPU 0 35 1000 …`, whose first two words are the entity.
    if (words[0] === '#Entity') names = ['', '', ...words.slice(1)];
    if (words[0] !== 'GPU') return [];
    const gpu = number(words[1]);
    if (gpu === null) return [];
    const cell = (name: string) => number(words[names.indexOf(name)]);
    const row = rows.get(gpu) ?? 0;
    rows.set(gpu, row + 1);
    return [
      { seconds: row * interval, gpu, busy: cell('GPUTL'), memory: cell('FBUSD'), power: cell('POWER') },
    ];
  });
}

/** `[N/A]` and the like are null. */
function number(text: string | undefined): number | null {
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}
