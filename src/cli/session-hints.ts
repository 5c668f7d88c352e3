import { plainText } from '../host/plain-text.ts';
import { quote } from '../render/shell.ts';
import { jobNumber } from '../scheduler/job-id.ts';
import { LOCAL } from './connect.ts';
import type { Session } from './session-lookup.ts';
import type { SessionNow } from './session-steps.ts';
import { count } from './wording.ts';

/** How to get at a session, from here and by Slurm's own commands. */
export function sessionHints(session: Session, { run: state }: SessionNow): string {
  const { run, job, connection } = session;
  const { hosts, allocation } = job.session;
  const { ready } = state;
  const number = jobNumber(job.jobId);
  const real = connection.cluster !== LOCAL;
  const what = `job ${number}, ${count(hosts.length, 'node')}: ${hosts.slice(0, 4).join(', ')}${hosts.length > 4 ? ', …' : ''}`;
  const lines: readonly (readonly [string, string])[] = [
    ...(ready ? [['try', curl(ready.url, ready.model)] as const] : []),
    ...(connection.host.dial ? [['forward', `dyn-slurm forward ${run.id}`] as const] : []),
    ['shell', real ? shellCommand(number, hosts[0] ?? '') : `dyn-slurm shell --run ${run.id}`],
    ['attach', `dyn-slurm attach ${run.id}`],
    ['end', endCommand(run.id, real && allocation === 'owned' ? number : undefined)],
  ];
  const head = ready ? `${run.id} serves ${ready.model} at ${ready.url}` : run.id;
  return [`${head} (${what})`, ...lines.map(([name, text]) => `  ${name.padEnd(9)}${text}`)]
    .map((line) => `${plainText(line)}\n`)
    .join('');
}

/** What to know on leaving a session that goes on. */
export function goesOn({ run, job, connection }: Session): string {
  const owned = connection.cluster !== LOCAL && job.session.allocation === 'owned';
  return [
    `${run.id} goes on, and job ${jobNumber(job.jobId)} with it`,
    `  come back  dyn-slurm attach ${run.id}`,
    `  end it     ${endCommand(run.id, owned ? jobNumber(job.jobId) : undefined)}`,
    '',
  ].join('\n');
}

function endCommand(run: string, job: string | undefined): string {
  return `dyn-slurm release ${run}${job === undefined ? '' : `, or scancel ${job}`}`;
}

function shellCommand(job: string, host: string): string {
  return `srun --jobid=${job} --overlap --nodes=1 --ntasks=1 --nodelist=${host} --pty bash`;
}

function curl(url: string, model: string): string {
  const body = { model, messages: [{ role: 'user', content: 'Hello' }] };
  return `curl ${url}/v1/chat/completions -H ${quote('Content-Type: application/json')} -d ${quote(JSON.stringify(body))}`;
}
