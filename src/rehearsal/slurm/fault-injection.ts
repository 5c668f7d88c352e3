import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import type { Call, Environment } from './call.ts';
import type { JobRecord, ProcessId, StepRecord } from './job-record.ts';
import { jobDir } from './job-store.ts';
import { descendantsOf, sendSignal } from './process-table.ts';
import type { TaskPlace } from './step-layout.ts';
import type { Task } from './task.ts';

/** Programs that a step of ours may run, for the faults that have to strike before one does anything. */
const PROGRAMS = ['etcd', 'nats-server', 'nginx', 'python3', 'python'];
const LOOK = 50;
/** ms for which a process has to be seen before it counts as the step's program, not one of its script's own. */
const SETTLED = 200;

/** What goes wrong in a step, task by task. */
export interface Faults {
  prepare(task: number, argv: readonly string[], env: Environment): Prepared;
  /** Sets going what is to happen to a task that runs. */
  watch(task: Task): void;
}

interface Prepared {
  readonly argv: readonly string[];
  readonly env: Environment;
}

/** Makes ready what is to happen as tasks start. */
export function injectFaults(
  call: Call,
  job: JobRecord,
  step: StepRecord,
  places: readonly TaskPlace[],
): Faults {
  const faults = call.site.faults.filter((fault) => fault.step === step.name && fault.rank < places.length);
  const say = (fault: Fault, what: string): void => {
    call.err.write(`srun: fault: ${fault.step}.${fault.rank}: ${what}\n`);
  };
  const snares = new Map<Fault, Snare>();
  for (const fault of faults) {
    const script = snareScript(fault);
    if (script) snares.set(fault, setSnare(call, job, step, fault, script));
  }
  return {
    prepare: (task, argv, env) =>
      faults
        .filter(({ rank }) => rank === task)
        .reduce<Prepared>((prepared, fault) => prepare(prepared, fault, snares.get(fault)), { argv, env }),
    watch(task) {
      for (const fault of faults) {
        if (fault.rank === task.place.task) {
          void strike(job, task, fault, snares.get(fault), (what) => say(fault, what));
        }
      }
    },
  };
}

function prepare({ argv, env }: Prepared, { action }: Fault, snare: Snare | undefined): Prepared {
  const late = action.kind === 'slow' ? ['/bin/sh', '-c', `sleep ${action.seconds}; exec "$@"`, 'sh'] : [];
  return { argv: [...late, ...argv], env: snare ? { ...env, PATH: `${snare.dir}:${env.PATH ?? ''}` } : env };
}

async function strike(
  job: JobRecord,
  task: Task,
  fault: Fault,
  snare: Snare | undefined,
  say: (what: string) => void,
): Promise<void> {
  const { action } = fault;
  if (action.kind === 'slow') return;
  // Nobody may hold a port any sooner: the job would find it taken before it starts anything.
  await moment(job, action.kind === 'port' ? { ...fault, when: 'nodes-bound' } : fault);
  if (action.kind === 'port') {
    const address = job.addresses[task.place.host] ?? '';
    await occupy(address, action.port);
    snare?.pull();
    say(`port ${action.port} of ${address} is taken`);
    return;
  }
  if (action.kind === 'exit') {
    snare?.pull();
    say(`exits with ${action.code}`);
    return;
  }
  const program = await programOf(task);
  const signal = action.kind === 'kill' ? action.signal : 'SIGSTOP';
  sendSignal(program, signal);
  say(`${signal} to ${program.map(({ pid }) => pid).join(', ')}`);
  if (action.kind !== 'stop' || action.seconds === undefined) return;
  await sleep(action.seconds * 1000);
  sendSignal(program, 'SIGCONT');
  say('goes on');
}

async function moment(job: JobRecord, { when, delay }: Fault): Promise<void> {
  const events = join(job.workDir, 'events.jsonl');
  while (when !== 'start' && !readText(events).includes(`"kind":"${when}"`)) await sleep(LOOK);
  await sleep(delay * 1000);
}

/** What a task's script has started and still waits for. */
async function programOf({ process: script }: Task): Promise<readonly ProcessId[]> {
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

interface Snare {
  /** Holds programs of a step's names, which run the real one, if at all. */
  readonly dir: string;
  /** Says that it is time. */
  pull(): void;
}

/** What stands in for a program where a fault has to strike before it has run, or needs its exit code. */
function snareScript({ action, when, delay }: Fault): ((name: string) => string) | undefined {
  const now = when === 'start' && delay === 0;
  if (action.kind === 'exit') {
    return (name) => (now ? `#!/bin/sh\nexit ${action.code}\n` : lateExit(name, action.code));
  }
  if (action.kind === 'port') return holdBack;
  return action.kind === 'stop' && now ? standStill : undefined;
}

function setSnare(
  call: Call,
  job: JobRecord,
  step: StepRecord,
  fault: Fault,
  script: (name: string) => string,
): Snare {
  const dir = join(jobDir(call.site, job.id), 'steps', `${step.step}.${fault.rank}.bin`);
  mkdirSync(dir, { recursive: true });
  for (const name of PROGRAMS) {
    writeFileSync(join(dir, name), script(name));
    chmodSync(join(dir, name), 0o755);
  }
  return { dir, pull: () => writeFileSync(join(dir, 'now'), '') };
}

function standStill(name: string): string {
  return `#!/bin/sh
PATH=\${PATH#"\${0%/*}:"}
kill -STOP $$
exec ${name} "$@"
`;
}

function holdBack(name: string): string {
  return `#!/bin/sh
here=\${0%/*}
PATH=\${PATH#"$here:"}
while [ ! -e "$here/now" ]; do sleep 0.05; done
exec ${name} "$@"
`;
}

function lateExit(name: string, code: number): string {
  return `#!/bin/sh
here=\${0%/*}
PATH=\${PATH#"$here:"}
${name} "$@" &
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
