import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import type { Call } from './call.ts';
import { type JobRecord, nodeAddress, type ProcessId, type StepRecord } from './job-record.ts';
import { stepDir } from './job-store.ts';
import { nodeRank, type TaskPlace } from './node-environment.ts';
import { descendantsOf, sendSignal } from './process-table.ts';

/** Programs that a step may run, for the faults that have to strike before one does anything. */
const PROGRAMS = ['etcd', 'nats-server', 'nginx', 'python3', 'python'];
const LOOK = 50;
/** Milliseconds for which a process has to be seen before it counts as the step's program, not one of its script's own. */
const SETTLED = 200;

/** What goes wrong in a task. */
export interface TaskFaults {
  /** Goes before its command. */
  readonly prefix: readonly string[];
  /** Goes before its PATH. */
  readonly path: readonly string[];
  /** Sets going what is to happen to the process that is started. */
  strike(script: ProcessId | undefined): void;
}

export function injectFaults(call: Call, job: JobRecord, step: StepRecord, place: TaskPlace): TaskFaults {
  const faults = call.standIn.faults
    .filter(
      (fault) => fault.step === step.name && fault.rank === nodeRank(place) && (place.local?.rank ?? 0) === 0,
    )
    .map((fault) => ({ fault, wrapper: wrapPrograms(stepDir(call.standIn, job.id, step.step), fault) }));
  return {
    prefix: faults.flatMap(({ fault: { action } }) =>
      action.kind === 'slow' ? ['/bin/sh', '-c', `sleep ${action.seconds}; exec "$@"`, 'sh'] : [],
    ),
    path: faults.flatMap(({ wrapper }) => wrapper?.dir ?? []),
    strike(script) {
      for (const { fault, wrapper } of faults) {
        const say = (what: string) => call.err.write(`srun: fault: ${fault.step}.${fault.rank}: ${what}\n`);
        void strike(job, place, script, fault, wrapper, say);
      }
    },
  };
}

async function strike(
  job: JobRecord,
  place: TaskPlace,
  script: ProcessId | undefined,
  fault: Fault,
  wrapper: Wrapper | undefined,
  say: (what: string) => void,
): Promise<void> {
  const { action } = fault;
  if (action.kind === 'slow') return;
  // Nobody may hold a port any sooner: the job would find it taken before it starts anything.
  await moment(job, action.kind === 'port' ? { ...fault, when: 'nodes-bound' } : fault);
  if (action.kind === 'kill' || action.kind === 'stop') {
    const program = await programOf(script);
    const signal = action.kind === 'kill' ? action.signal : 'SIGSTOP';
    sendSignal(program, signal);
    say(`${signal} to ${program.map(({ pid }) => pid).join(', ')}`);
    if (action.kind === 'kill' || action.seconds === undefined) return;
    await sleep(action.seconds * 1000);
    sendSignal(program, 'SIGCONT');
    say('goes on');
    return;
  }
  const address = nodeAddress(job.id, place.node);
  if (action.kind === 'port') await occupy(address, action.port);
  wrapper?.release();
  say(action.kind === 'port' ? `port ${action.port} of ${address} is taken` : `exits with ${action.code}`);
}

async function moment(job: JobRecord, { when, delay }: Fault): Promise<void> {
  const events = join(job.workDir, 'events.jsonl');
  while (when !== 'start' && !readText(events).includes(`"kind":"${when}"`)) await sleep(LOOK);
  await sleep(delay * 1000);
}

/** What a task's script has started and still waits for. */
async function programOf(script: ProcessId | undefined): Promise<readonly ProcessId[]> {
  if (!script) return [];
  // A subshell of the script is none, however long it waits for a service to answer.
  const programs = () =>
    descendantsOf(script.pid).filter(({ pid }) => commandOf(pid) !== commandOf(script.pid));
  for (;;) {
    const before = new Set(programs().map((process) => `${process.pid} ${process.start}`));
    await sleep(SETTLED);
    const settled = programs().filter((process) => before.has(`${process.pid} ${process.start}`));
    if (settled.length > 0) return settled;
  }
}

const commandOf = (pid: number): string => readText(`/proc/${pid}/cmdline`);

/** A folder of programs, first in a task's PATH, each of which runs the real one of its name, if at all. */
interface Wrapper {
  readonly dir: string;
  /** Lets them do what they wait for. */
  release(): void;
}

/** Undefined for a fault that strikes the real program. */
function wrapPrograms(stepDir: string, fault: Fault): Wrapper | undefined {
  const script = wrapperScript(fault);
  if (script === undefined) return undefined;
  const dir = join(stepDir, `${fault.rank}.${fault.action.kind}`);
  mkdirSync(dir, { recursive: true });
  for (const name of PROGRAMS) writeFileSync(join(dir, name), script, { mode: 0o755 });
  return { dir, release: () => writeFileSync(join(dir, 'now'), '') };
}

/** Faults that have to take effect before a program has run, or that need its exit code. */
function wrapperScript({ action, when, delay }: Fault): string | undefined {
  const atOnce = when === 'start' && delay === 0;
  if (action.kind === 'exit') return atOnce ? `#!/bin/sh\nexit ${action.code}\n` : lateExit(action.code);
  if (action.kind === 'port')
    return `${REAL}until [ -e "$here/now" ]; do sleep 0.05; done\nexec "$name" "$@"\n`;
  return action.kind === 'stop' && atOnce ? `${REAL}kill -STOP $$\nexec "$name" "$@"\n` : undefined;
}

/** The beginning of a wrapper: from here on PATH leads to the real program. */
const REAL = `#!/bin/sh
here=\${0%/*}
name=\${0##*/}
PATH=\${PATH#"$here:"}
`;

function lateExit(code: number): string {
  return `${REAL}"$name" "$@" &
child=$!
trap 'kill -TERM "$child"' TERM INT
while kill -0 "$child" 2>/dev/null && [ ! -e "$here/now" ]; do sleep 0.05; done
if [ -e "$here/now" ]; then
  kill -KILL "$child" 2>/dev/null
  exit ${code}
fi
wait "$child"
`;
}

function occupy(address: string, port: number): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  // A port that is taken already is as good.
  return new Promise((resolve) => {
    server.once('error', () => resolve());
    server.listen(port, address, resolve);
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
