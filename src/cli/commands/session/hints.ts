import { join } from 'node:path/posix';
import { count } from '../../../config/text/plural.ts';
import { plainText } from '../../../host/plain-text.ts';
import { adviceFor } from '../../../observe/advice.ts';
import { quote } from '../../../render/shell.ts';
import type { EventOf } from '../../../run/events.ts';
import type { Run } from '../../../run/folder.ts';
import { shortName } from '../../../run/node-name.ts';
import type { StepEnd } from '../../../run/steps.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import { tryOut } from '../../runs/access.ts';
import { LOCAL } from '../../runs/cluster/connect.ts';
import type { Session } from '../../runs/session/lookup.ts';
import type { SessionNow } from '../../runs/session/steps.ts';

/** How to get at a session, from here and by Slurm's own commands. */
export function sessionHints(session: Session, { run: state }: SessionNow): string {
  const { run, job, connection } = session;
  const { hosts } = job.session;
  const { ready } = state;
  const number = jobNumber(job.jobId);
  const real = connection.cluster !== LOCAL;
  const what = `job ${number}, ${count(hosts.length, 'node')}: ${hosts.slice(0, 4).join(', ')}${hosts.length > 4 ? ', …' : ''}`;
  // Short, so that it stays in one line of 80 columns, from which it can be copied.
  const srun = `srun --jobid=${number} --overlap -N1 -n1 -w ${hosts[0] ?? ''} --pty bash`;
  const lines: readonly (readonly [string, string])[] = [
    ...(ready ? [['try', curl(ready)] as const] : []),
    ...(connection.host.dial ? [['forward', `dyn-slurm forward ${run.id}`] as const] : []),
    ['shell', `dyn-slurm shell --run ${run.id}`],
    ...(real && connection.host.dial ? [['', `or, on ${connection.host.name}:`] as const] : []),
    ...(real ? [['', srun] as const] : []),
    ['attach', `dyn-slurm attach ${run.id}`],
    ...endLines(session),
  ];
  const head = ready ? `${run.id} serves ${ready.model} at ${ready.url}` : run.id;
  return [`${head} (${what})`, ...lines.map(hintLine)].map((line) => `${plainText(line)}\n`).join('');
}

/** What to know on leaving a session that goes on. */
export function goesOn(session: Session): string {
  const { run, job } = session;
  return [
    `${run.id} and its job ${jobNumber(job.jobId)} continue`,
    ...[['attach', `dyn-slurm attach ${run.id}`] as const, ...endLines(session)].map(hintLine),
    '',
  ].join('\n');
}

/** What was there before goes on after the session, unless somebody ends it. */
function endLines({ run, job, connection }: Session): readonly (readonly [string, string])[] {
  const release = `dyn-slurm release ${run.id}`;
  const scancel = `scancel ${jobNumber(job.jobId)}`;
  if (connection.cluster === LOCAL) return [['end', release]];
  if (job.session.allocation === 'owned') return [['end', `${release}, or ${scancel}`]];
  return [
    ['end', release],
    ['', `${scancel} also ends the allocation, which existed before the session`],
  ];
}

const hintLine = ([name, text]: readonly [string, string]): string => `  ${name.padEnd(9)}${text}`;

function curl({ url, model, surface }: EventOf<'ready'>): string {
  const { path, body } = tryOut(model, surface);
  const data = body === '' ? '' : ` -H ${quote('Content-Type: application/json')} -d ${quote(body)}`;
  return `curl ${url}${path}${data}`;
}

/** How a step ended by itself, where to read on, and what to do. */
export function endedText({ id, dir }: Run, end: StepEnd): string {
  const { step, node, line } = end;
  const details: readonly (readonly [string, string | undefined])[] = [
    ['last line', line],
    ['log', node && join(dir, 'logs', `${step}.${shortName(node)}.log`)],
    ['read it', `dyn-slurm logs ${id} ${step}`],
    ['next', adviceFor(end)],
  ];
  const lines = details.flatMap(([name, value]) => (value ? [`  ${name.padEnd(11)}${value}`] : []));
  return [end.reason, ...lines].map((text) => `${plainText(text)}\n`).join('');
}
