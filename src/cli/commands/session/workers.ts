import type { Settings } from '../../../config/yaml/setting.ts';
import { EXIT } from '../../../errors.ts';
import { clock, elapsed } from '../../../format.ts';
import { plainText } from '../../../host/plain-text.ts';
import type { SessionStep } from '../../../run/session-state.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import { noteBadNodes } from '../../runs/nodes/ledger.ts';
import { settingsOf } from '../../runs/session/change.ts';
import { lookUpSession, type Session } from '../../runs/session/lookup.ts';
import { hostsByIndex, type SessionNow, sessionNow } from '../../runs/session/steps.ts';
import { jsonText } from '../../sink.ts';
import { table } from '../../views/table.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';

/** A step with what its command was told apart from the config. */
interface Row {
  readonly step: SessionStep;
  readonly settings: Settings;
}

/** `dyn-slurm workers [RUN]`: what runs in a session, where, since when, and how it differs from the config. */
export async function workers(query: string | undefined, options: RunOptions, world: World): Promise<number> {
  const session = await lookUpSession(query, options, world);
  const now = await sessionNow(session);
  await noteBadNodes(session, now.run, world);
  const rows = await Promise.all(
    now.steps.map(async (step): Promise<Row> => ({ step, settings: await settingsOf(session, step) })),
  );
  if (options.json) world.out.write(jsonText(sessionJson(session, now, rows)));
  else {
    world.out.write(workersTable(rows, world));
    world.err.write(sessionText(session, now));
  }
  return EXIT.ok;
}

function workersTable(rows: readonly Row[], world: World): string {
  const shown = rows.filter(({ step }) => step.kind !== 'bench' || step.phase !== 'idle');
  const cells = shown.map(({ step, settings }) =>
    [
      step.name,
      step.nodes.join(','),
      step.phase,
      step.since === '' ? '-' : clock(new Date(step.since)),
      step.since === '' ? '' : elapsed(world.now().getTime() - Date.parse(step.since)),
      String(Math.max(0, step.starts - 1)),
      [...changesText(settings), ...(step.end ? [endText(step)] : [])].join('; '),
    ].map(plainText),
  );
  return table(['worker', 'nodes', 'state', 'since', 'for', 'restarts', ''], cells, world.page);
}

const endText = ({ end }: SessionStep): string => [end?.reason, end?.line].filter(Boolean).join(': ');

/** `mem-fraction-static=0.9`, `without page-size`. */
function changesText({ args, env }: Settings): readonly string[] {
  return Object.entries({ ...args, ...env }).map(([name, value]) =>
    value === 'null' ? `without ${name}` : `${name}=${value}`,
  );
}

function sessionText({ run, job }: Session, { run: state, open, command }: SessionNow): string {
  const { verdict, ready } = state;
  if (verdict) return `\n${run.id} has ended: ${plainText(verdict.reason)}\n`;
  const lines = [
    `${run.id}, job ${jobNumber(job.jobId)}`,
    ...(ready ? [`${ready.model} at ${ready.url}`] : []),
    ...(command ? [`busy: ${[command.verb, ...command.steps].join(' ')}, from ${command.from}`] : []),
    ...(open ? [] : ['still starting']),
    ...[state.stalled, ...state.unregistered.values()].flatMap((event) => event?.reason ?? []),
  ];
  return `\n${lines.map((line) => `${plainText(line)}\n`).join('')}`;
}

function sessionJson(session: Session, now: SessionNow, rows: readonly Row[]) {
  const { run, job } = session;
  const { run: state, open, command } = now;
  return {
    run: run.id,
    job: jobNumber(job.jobId),
    allocation: job.session.allocation,
    nodes: hostsByIndex(session, now),
    open,
    busy: command ? { verb: command.verb, steps: command.steps, from: command.from } : null,
    ready: state.ready ?? null,
    stalled: state.stalled ?? null,
    unregistered: [...state.unregistered.values()],
    verdict: state.verdict ?? null,
    workers: rows.map(({ step, settings }) => ({
      worker: step.name,
      kind: step.kind,
      role: step.role,
      nodes: step.nodes,
      state: step.phase,
      since: step.since === '' ? null : step.since,
      restarts: Math.max(0, step.starts - 1),
      args: settings.args,
      env: settings.env,
      end: step.end ?? null,
    })),
  };
}
