import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Command lines of the processes that belong to a folder, each after its id: those that have it in their environment or words
 * or have a file of it open, and all that came from them. The words alone do not do: SGLang's scheduler and detokenizer and
 * vLLM's engine set their titles over words and environment, and outlive a parent that is killed; their log stays open.
 */
export function processesOf(folder: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const parents = new Map(pids.map((pid) => [pid, parentOf(pid)]));
  const marked = new Set(pids.filter((pid) => isMarked(pid, folder)));
  const belongs = (pid: string | undefined): boolean =>
    pid !== undefined && (marked.has(pid) || belongs(parents.get(pid)));
  return pids.flatMap((pid) => {
    // A process that has ended, and is not reaped, has no words.
    const words = read(pid, 'cmdline').replaceAll('\0', ' ').trim();
    return words !== '' && belongs(pid) ? [`${pid} ${words}`] : [];
  });
}

/** When a process was started, in milliseconds since 1970, to 20 ms. @throws where it has ended */
export function startOfProcess(pid: number): number {
  const ticks = Number(fieldsOf(String(pid))[19]);
  const up = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
  if (!Number.isFinite(ticks)) throw new Error(`process ${pid} has ended`);
  // Linux tells of 100 ticks a second, whatever its clock does.
  return Date.now() - (up * 1000 - ticks * 10);
}

function isMarked(pid: string, folder: string): boolean {
  if (['cmdline', 'environ'].some((file) => read(pid, file).includes(folder))) return true;
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => target(`/proc/${pid}/fd/${fd}`).startsWith(folder));
  } catch {
    return false;
  }
}

function parentOf(pid: string): string {
  return fieldsOf(pid)[1] ?? '0';
}

/** What /proc/PID/stat tells after the program's name, from the state on. */
function fieldsOf(pid: string): readonly string[] {
  return read(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ');
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
