import { type Signature, signatureOf } from '../causes/signature.ts';
import type { EventOf, ProcessEnd } from '../run/events.ts';

const XID = /Xid \(PCI:([0-9A-Fa-f:.]{4,20})\): (\d{1,4})/;
const SERIAL = /\b(?:serial(?: number)?|S\/N)[: =]{1,3}(\d{8,16})\b|\b(GPU-[0-9a-f-]{36})\b/i;
const RANK = /(?:check|from) ranks? (\d{1,5})/;

/** What to do about a line that bears a signature: for hardware, which GPU, and how to keep the job off the node. */
export function adviceOn(signature: Signature, line: string, node: string): string {
  const [, rank] = RANK.exec(line) ?? [];
  if (signature.name === 'rank-elsewhere' && rank !== undefined) {
    const where = rank === '0' ? ', on the first node of the worker' : '';
    return `the cause is in rank ${rank}${where}: look at its log; ${signature.advice}`;
  }
  const advice = numbered(
    signature,
    line,
    node === '' ? signature.advice : signature.advice.replaceAll('exclude: NODE', `exclude: ${node}`),
  );
  if (signature.class !== 'hardware') return advice;
  const [, pci, xid] = XID.exec(line) ?? [];
  const [, serial, uuid] = SERIAL.exec(line) ?? [];
  const gpu = [
    pci && `GPU ${pci}`,
    xid && `Xid ${xid}`,
    serial && `serial number ${serial}`,
    uuid && uuid,
  ].filter(Boolean);
  const which = gpu.length === 0 ? '' : `${gpu.join(', ')}: `;
  const how = node === '' ? '' : ` (slurm.directives: {exclude: ${node}})`;
  return `${which}${advice}${how}`;
}

/** PyTorch names the other processes on a GPU that is full. */
const HOLDERS = /Process (\d{1,10}) has ([\d.]{1,12} [MG]iB) memory in use/g;
/** An engine may say from which share of the GPU's memory on the KV cache has room. */
const FRACTION = /mem-fraction-static above (\d\.\d{1,6})/;

/** The advice with the numbers of the line that it is about. */
function numbered({ name }: Signature, line: string, advice: string): string {
  const holders = [...line.matchAll(HOLDERS)].map(([, pid, size]) => `process ${pid} holds ${size}`);
  if (name === 'gpu-occupied' && holders.length > 0)
    return `${holders.join(', ')} of the GPU's memory: ${advice}`;
  const [, fraction] = FRACTION.exec(line) ?? [];
  return name === 'kv-cache-memory' && fraction !== undefined
    ? advice.replace('raise mem-fraction-static', `raise mem-fraction-static above ${fraction}`)
    : advice;
}

const IMAGE =
  'see container.image, image_cache in the cluster profile, and on the nodes ~/.config/enroot/.credentials';

const INSTALL =
  'see dynamo.install, install_cache in the cluster profile, and logs/install.*.log; for nodes without a network, put wheels into a shared folder (`pip download`) and name it in dynamo.install.wheel';

/** What ended: a run, by its verdict, or a step of a session. */
type Ended = ProcessEnd & Partial<Pick<EventOf<'verdict'>, 'outcome' | 'inferred'>>;

/** What to do about an end, by its last line, else by how it ended. */
export function adviceFor(ended: Ended): string | undefined {
  const { line = '', node = '', step, outcome, inferred } = ended;
  const signature = signatureOf(line);
  // What an installation lacks is no fault of the image.
  if (step === 'install' && signature?.name === 'python-module') return INSTALL;
  if (signature) return adviceOn(signature, line, node);
  if (step === 'image') return IMAGE;
  if (step === 'install') return INSTALL;
  if (outcome === 'deadline')
    return 'a slow but healthy start needs a longer health.deadline or health.stall';
  return (
    adviceOnEnd(ended) ??
    (inferred ? 'see job.log, if it exists, and scontrol show node, or ask the administrators' : undefined)
  );
}

/** What the job says of a worker that stands still, with the state of its most telling process. */
const STILL = /^stands still: .*? \(pid \d+\), (\w+)/;

export function isHang({ line = '' }: Pick<ProcessEnd, 'line'>): boolean {
  return STILL.test(line);
}

function adviceOnHang(state: string, step = 'WORKER'): string {
  const stacks = `the stacks of all its processes are in logs/${step}.stacks`;
  switch (state) {
    case 'T':
      return `somebody, or a program, has stopped the process with SIGSTOP: find out who, for the engine did not do it; ${stacks}`;
    case 't':
      return `a debugger holds the process: end it, or run the worker in a session, where a hung one stays; ${stacks}`;
    case 'D':
      return `the process waits in the kernel for a driver or a file system: see dmesg and nvidia-smi on the node; ${stacks}`;
    default:
      return `${stacks}: a rank that waits in a collective waits for another one, whose log says more; where the engine was only slow, increase health.hang`;
  }
}

function adviceOnEnd({ line, signal, exit, step }: Ended): string | undefined {
  const state = STILL.exec(line ?? '')?.[1];
  if (state !== undefined) return adviceOnHang(state, step);
  if (exit === 127) {
    return "the command is not on the node's PATH, or not in the image: see container.image, or preamble in the cluster profile";
  }
  if (exit === 0) return 'a worker must run until it is stopped: its log says why it exited';
  if (line !== undefined && /[A-Za-z](Error|Exception)\b|panicked at|[Ff]atal/.test(line)) {
    return "the stack frames before the line in the log show its origin: if that is the engine's own code, search for the line in the engine's issues; if it names a setting, change the role's args";
  }
  if (signal === 'KILL') {
    return "a process outside of the step ended it, and its log does not say why: a person, another job's epilog or a cleaning script of the site; `sacct -j JOB -o JobID,State,ExitCode` shows what Slurm knows, and the memory counters of the step tell of nothing, as far as the node could read them";
  }
  if (signal !== undefined)
    return `signal ${signal} ended the process: the last lines of its log show what it was doing`;
  return step === undefined ? undefined : 'the last lines of its log show what it was doing';
}
