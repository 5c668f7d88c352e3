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
 * Reads `logs/gpu.NODE.csv`: what `nvidia-smi --query-gpu=… --format=csv` or `amd-smi monitor --csv` prints, or `dcgmi dmon`,
 * whose lines have no times and come every `interval` seconds. What is neither is passed over: a site's task prolog may print before it, and
 * leave its last line open.
 */
export function parseGpuCsv(text: string, interval: number): readonly GpuSample[] {
  const lines = text.split('\n').map((line) => line.replace(HEADER, '$1').trim());
  return lines.some((line) => line.startsWith('#Entity')) ? parseDcgm(lines, interval) : parseSmi(lines);
}

/** The names of the columns, from the first one on. */
const HEADER = /^.*?(timestamp, ?(?:index|gpu),.*|#Entity .*)$/;

function parseSmi(lines: readonly string[]): readonly GpuSample[] {
  let names: readonly string[] = [];
  let first: number | undefined;
  return lines.flatMap((line): readonly GpuSample[] => {
    const cells = line.split(',').map((cell) => cell.trim());
    if (cells[0] === 'timestamp') {
      names = cells.map((cell) => cell.replace(/ \[.*$/, ''));
      return [];
    }
    const cell = (...either: readonly string[]) => cells[names.findIndex((name) => either.includes(name))];
    const time = timeOf(cells[0] ?? '');
    const gpu = number(cell('index', 'gpu'));
    // Of a GPU that is partitioned, the first partition speaks for it.
    if (Number.isNaN(time) || gpu === null || (number(cell('xcp')) ?? 0) > 0) return [];
    first ??= time;
    return [
      {
        seconds: (time - first) / 1000,
        gpu,
        busy: number(cell('utilization.gpu', 'gfx')),
        memory: number(cell('memory.used', 'vram_used')),
        power: number(cell('power.draw', 'power_usage')),
      },
    ];
  });
}

/** `2026/11/24 09:00:00.123`, in the node's own time zone, of which only differences are used; AMD's seconds since 1970. */
function timeOf(stamp: string): number {
  return EPOCH.test(stamp)
    ? Number(stamp) * 1000
    : Date.parse(`${stamp.replaceAll('/', '-').replace(' ', 'T')}Z`);
}

const EPOCH = /^\d{10}(\.\d+)?$/;

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

const QUARTER = 15 * 60_000;

/**
 * When a log began, milliseconds since 1970. Stamps without a zone are of the node's own zone, which lies whole quarters of an hour from
 * UTC: it is the one nearest to `near`, when the log's step was started, and which counts where there are no stamps.
 */
export function logBegan(text: string, near: number): number {
  const [, epoch] = /^(\d{10}(?:\.\d+)?), *\d/m.exec(text) ?? [];
  if (epoch !== undefined) return timeOf(epoch);
  const [first] = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d(\.\d+)?(?=, *\d)/m.exec(text) ?? [];
  const local = first === undefined ? Number.NaN : timeOf(first);
  return Number.isNaN(local) ? near : local + Math.round((near - local) / QUARTER) * QUARTER;
}

/** Seconds between two samples of dcgmi, by its command. */
export function sampleInterval(argv: readonly string[]): number {
  const given = Number(argv[argv.indexOf('-d') + 1]) / 1000;
  return given > 0 && given <= 3600 ? given : 5;
}
