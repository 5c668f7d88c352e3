import { callingAccount } from './account.ts';
import { type Call, Refusal } from './call.ts';
import { isFinished, type JobRecord } from './job-record.ts';
import type { Options } from './job-request.ts';
import { listJobs, readJob, readSteps } from './job-store.ts';
import { ask, type Request, type SignalTarget } from './mailbox.ts';
import { readOptions } from './program-options.ts';
import { SCANCEL } from './query-options.ts';
import { parseSignal } from './signal.ts';
import { parseStates } from './state-filter.ts';

/** Ends or signals jobs and steps. Exit code 1 where one was not to be had. */
export async function scancel(call: Call): Promise<number> {
  const { options, operands } = readOptions(call, SCANCEL, 1, { mixed: true });
  const text = options.get('signal');
  const signal = text === undefined ? undefined : parseSignal(text);
  if (text !== undefined && !signal) throw new Refusal(`Unknown job signal: ${text}`);
  const user = options.get('user');
  const account = callingAccount();
  if (user !== undefined && user !== account.user && user !== String(account.uid)) {
    throw new Refusal(`scancel: error: Invalid user name: ${user}`);
  }
  const filtered = ['account', 'me', 'name', 'jobname', 'partition', 'qos', 'state', 'user'].some((name) =>
    options.has(name),
  );
  if (operands.length === 0 && !filtered) throw new Refusal('scancel: error: No job identification provided');

  let code = 0;
  for (const target of operands) {
    const [, id = '', step] = /^(\d+)(?:\.(\d+))?$/.exec(target) ?? [];
    if (id === '') throw new Refusal(`scancel: error: Invalid job id ${target}`);
    const reached = await reach(
      call,
      Number(id),
      step === undefined ? undefined : Number(step),
      signal,
      options,
    );
    if (!reached) code = 1;
  }
  if (operands.length > 0) return code;
  for (const job of listJobs(call.site).filter((candidate) => matches(candidate, options))) {
    await reach(call, job.id, undefined, signal, options);
  }
  return 0;
}

async function reach(
  call: Call,
  id: number,
  step: number | undefined,
  signal: NodeJS.Signals | undefined,
  options: Options,
): Promise<boolean> {
  const job = readJob(call.site, id);
  const known =
    step === undefined ||
    readSteps(call.site, id).some((own) => own.step === step && own.ended === undefined);
  if (job && !isFinished(job) && known) {
    await ask(call.site, id, requestFor(job, step, signal, options));
    return true;
  }
  // To end what has ended is no error: scancel is safe to repeat. Measured on Slurm 22.05.
  if (step === undefined && signal === undefined && !options.has('verbose')) return true;
  const what = step === undefined ? `job id ${id}` : `job step id ${id}.${step}`;
  if (!options.has('quiet'))
    call.err.write(`scancel: error: Kill job error on ${what}: Invalid job id specified\n`);
  return false;
}

function requestFor(
  job: JobRecord,
  step: number | undefined,
  signal: NodeJS.Signals | undefined,
  options: Options,
): Request {
  const to = target(step, options);
  if (signal === undefined && to === 'shell') return { kind: 'signal', signal: 'SIGKILL', to };
  if (typeof to === 'number') return { kind: 'signal', signal: signal ?? 'SIGKILL', to };
  const ends = signal === undefined || (signal === 'SIGKILL' && to !== 'shell') || job.state === 'PENDING';
  return ends ? { kind: 'cancel', kill: signal === 'SIGKILL' } : { kind: 'signal', signal, to };
}

function target(step: number | undefined, options: Options): SignalTarget {
  if (step !== undefined) return step;
  if (options.has('batch')) return 'shell';
  return options.has('full') ? 'both' : 'steps';
}

function matches(job: JobRecord, options: Options): boolean {
  if (isFinished(job)) return false;
  const states = options.get('state');
  const name = options.get('name') ?? options.get('jobname');
  return (
    (states === undefined || parseStates(states, 'scancel').has(job.state)) &&
    (name === undefined || name.split(',').includes(job.name)) &&
    (['account', 'partition', 'qos'] as const).every(
      (field) =>
        !options.has(field) ||
        options
          .get(field)
          ?.split(',')
          .includes(job[field] ?? ''),
    )
  );
}
