import { count } from '../../config/text/plural.ts';
import { span } from '../../format.ts';
import type { Plan } from '../../plan/plan.ts';
import { runtimeOf } from '../../render/runtime.ts';
import { quoteWord } from '../../render/shell.ts';
import type { SubmitRequest } from '../../scheduler/scheduler.ts';
import { grouped } from '../grouping.ts';
import type { Page } from '../world.ts';
import { filled, wrapped } from '../wrap.ts';
import { gpuHours, listening, notesSection, summary } from './plan-text.ts';
import { table } from './table.ts';

/** What an admin asks of a job before it is sent; no secret's value is in it. */
export interface DryRun {
  readonly request: SubmitRequest;
  readonly plan: Plan;
  readonly retries?: number;
  /** What the topology says of itself. */
  readonly notes?: readonly string[];
}

/** The request as text: what runs, what it takes, opens and leaves; with `full` every file after it. */
export function dryRunText(
  { request, plan, retries = 0, notes = [] }: DryRun,
  { full, page }: { readonly full: boolean; readonly page: Page },
): string {
  const { run, command, files } = request;
  const inner = { ...page, width: page.width - 2 };
  const sections: [string, string][] = [
    [
      'Would run',
      `${filled(command.map(quoteWord), inner.width - 6).join(' \\\n    ')}\n${againText(retries)}`,
    ],
    ['Would take', `${summary(plan)}\n${table(['what', 'how much'], taken(plan), inner)}`],
    ['Would listen', listening(plan, inner)],
    ['Would pass', passed(plan, inner)],
    ['Would leave', `${left(plan, run.dir).join('\n')}\n`],
    ...notesSection(notes, plan, inner),
    ['Would send', sent(files, full)],
  ];
  const facts = sections.map(([title, text]) => `${title}\n${text.replace(/^(?=.)/gm, '  ')}\n`).join('');
  const shown = wrapped(facts, page.width);
  if (!full) return `${shown.trimEnd()}\n`;
  const texts = [...files].map(
    ([path, { text, mode }]) =>
      `==> ${path} (${octal(mode)}) <==\n${text}${text.endsWith('\n') ? '' : '\n'}\n`,
  );
  return `${shown}${texts.join('')}`;
}

/** The same as data. */
export function dryRunJson({ request, plan, retries = 0, notes = [] }: DryRun): object {
  const { run, command, files } = request;
  return {
    run,
    command,
    nodes: plan.nodes.length,
    gpus: plan.gpus.total,
    retries,
    seconds: plan.timeLimit,
    gpuHours: gpuHours(plan),
    listens: ports(plan),
    movable: plan.movable,
    environment: plan.steps.map(({ name, env, secrets }) => ({
      step: name,
      names: Object.keys(env),
      secrets: Object.keys(secrets),
    })),
    leaves: left(plan, run.dir),
    notes,
    runtime: runtimeOf(files).sha256,
    files: [...files].map(([path, { text, mode }]) => ({ path, mode: octal(mode), text })),
  };
}

/** Scripts and settings by number; a whole bundle is thousands of lines. */
function sent(files: SubmitRequest['files'], full: boolean): string {
  const lines = [...files.values()].reduce((sum, { text }) => sum + text.split('\n').length - 1, 0);
  const where = full
    ? 'they follow'
    : '`--full` prints them, and `dyn-slurm render CONFIG --out DIR` writes them';
  const { names, sha256 } = runtimeOf(files);
  return [
    `${count(files.size, 'file')} of ${count(lines, 'line')} in all; ${where}`,
    `${count(names.length, 'file')} of them are the static runtime, whose SHA-256 job.sbatch checks: ${sha256}`,
    '',
  ].join('\n');
}

function againText(retries: number): string {
  if (retries === 0) return '';
  const times = retries === 1 ? 'once more' : `${retries} more times`;
  return `and ${times}, as runs of their own, each with --dependency=afternotok of all before it\n`;
}

function taken({ directives, image, timeLimit }: Plan): readonly (readonly string[])[] {
  const asked = options(directives);
  const [, notice] = asked.get('signal')?.split('@') ?? [];
  const names = ['account', 'partition', 'qos', 'reservation', 'constraint', 'segment'];
  const all = {
    ...Object.fromEntries(names.map((name) => [name, asked.get(name)])),
    'time limit': `${span(timeLimit)}; USR1 to the script ${span(Number(notice))} before`,
    nodes: asked.get('exclusive') === '' ? 'whole (--exclusive)' : 'shared with other jobs',
    requeued: asked.has('requeue') ? 'after a preemption or the failure of a node (--requeue)' : undefined,
    'a node that fails': asked.has('no-kill')
      ? 'ends only the steps on it, not the job (--no-kill)'
      : undefined,
    image: image?.name,
    'image file': image?.cached?.file,
  };
  return Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

/** Values of a job script's options by name; of an option without one, an empty text. */
function options(directives: Plan['directives']): ReadonlyMap<string, string> {
  return new Map(
    directives.map((word) => {
      const [, name = '', value = ''] = /^--([^=]+)=?(.*)$/s.exec(word) ?? [];
      return [name, value];
    }),
  );
}

function ports(plan: Plan) {
  return plan.processes.flatMap(({ name, nodeIndex, ports }) =>
    ports.map((port) => ({ node: nodeIndex, step: name, ...port })),
  );
}

/** Steps with the same variables are one entry: workers of a role differ in values only. */
function passed({ steps }: Plan, { width }: Page): string {
  const named = steps.map(({ name, env, secrets }) => ({
    name,
    variables: [...Object.keys(env), ...Object.keys(secrets).map((secret) => `${secret}=(secret)`)],
  }));
  return grouped(named, ({ variables }) => variables.join(' '))
    .filter(([{ variables }]) => variables.length > 0)
    .map((group) => {
      const names = group.map(({ name }) => name).join(', ');
      return `${names}\n  ${filled(group[0].variables, Math.min(90, width - 2)).join('\n  ')}\n`;
    })
    .join('');
}

function left({ image, localDir }: Plan, dir: string): readonly string[] {
  const cached = image?.cached;
  return [
    `${dir} (0700): the job's files, logs, events.jsonl and state; yours to delete`,
    ...(cached === undefined
      ? []
      : [`${cached.file} (0644): ${cached.source}, imported if it does not exist yet`]),
    `in ${localDir} on each node: nothing after the job has ended`,
  ];
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
