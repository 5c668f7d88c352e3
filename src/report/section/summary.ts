import { accuracyText } from '../../bench/accuracy.ts';
import { elapsed } from '../../format.ts';
import { isBad, nextStep } from '../../observe/known-cause.ts';
import { MOCK_MARK } from '../../observe/mock-engines.ts';
import type { RunSignature } from '../../observe/run-signature.ts';
import type { EventOf } from '../../run/events.ts';
import { table } from '../chart.ts';
import { type Content, type Html, html } from '../html.ts';
import type { RunData } from '../run-data.ts';
import { outcomeOf } from './outcomes.ts';

/** What was run, and how it ended; runs side by side. */
export function summary(runs: readonly RunData[]): Html {
  const facts = runs.map(factsOf);
  const names = [...new Set(facts.flatMap((fact) => [...fact.keys()]))];
  const rows = names.map((name) => [name, ...facts.map((fact) => fact.get(name) ?? '–')]);
  return html`<section id="summary"><h2>Summary</h2>
${runs.map(verdict)}
${table(['', ...runs.map(({ run }) => run.id)], rows)}</section>`;
}

const MARKS: Readonly<Record<string, string>> = { succeeded: '✓', timeout: '✓', failed: '✗', deadline: '✗' };

function verdict({ run, state, known, mock, bench }: RunData): Html {
  const outcome = outcomeOf(state);
  const good = outcome === 'succeeded' || (outcome === 'timeout' && state.ready !== undefined);
  const tone = good ? 'good' : outcome === 'failed' || outcome === 'deadline' ? 'bad' : 'plain';
  return html`<p class="verdict ${tone}"><strong>${run.id}</strong> <span class="badge">${MARKS[outcome] ?? '•'} ${outcome}</span>${mock && html` <span class="badge mock">${MOCK_MARK}</span>`}${bench.some(({ accuracy }) => accuracy?.valid === false) && html` <span class="badge">INVALID: wrong answers</span>`} ${
    state.verdict?.reason ?? 'no verdict yet: this is what is known so far'
  }${state.verdict?.line !== undefined && html`<br><code>${state.verdict.line}</code>`}${state.verdict && isBad(state.verdict) && cause(state.verdict, known)}</p>`;
}

/** What the end of a run is known as, and what to do about it. */
function cause(verdict: EventOf<'verdict'>, known: RunSignature | undefined): Content {
  const advice = nextStep(verdict, known);
  const elsewhere = known && known.line !== verdict.line && html`: <code>${known.line}</code>`;
  return html`${known && html`<br>known as ${known.signature.name}: ${known.signature.title}${elsewhere}`}${
    advice !== undefined && html`<br>next: ${advice}`
  }`;
}

function factsOf({
  run,
  mock,
  plan,
  config,
  bench,
  state,
  events,
  now,
}: RunData): ReadonlyMap<string, Content> {
  const provenance = bench[0]?.provenance;
  const image =
    provenance?.image ??
    plan?.srun
      .flatMap(({ argv }) => argv)
      .find((word) => word.startsWith('--container-image='))
      ?.slice(18);
  const topology = provenance?.topology ?? /^topology:\s*([\w.-]+)\s*$/m.exec(config ?? '')?.[1];
  const started = Date.parse(state.started?.time ?? '');
  const ready = Date.parse(state.ready?.time ?? '');
  const end = Date.parse(state.verdict?.time ?? now ?? events.at(-1)?.time ?? '');
  const submitted = Date.parse(run.job?.submitted ?? '');
  const roles = [...new Set(plan?.workers.map(({ role }) => role))].map((role) => {
    const workers = plan?.workers.filter((worker) => worker.role === role) ?? [];
    const gpus = workers.reduce((sum, { nodes, gpus }) => sum + nodes.length * gpus.length, 0);
    return `${workers.length} ${role} on ${gpus} GPUs`;
  });
  const facts: readonly (readonly [string, Content])[] = [
    ['model', provenance?.model ?? plan?.readiness?.model],
    ['topology', topology],
    ['workers', roles.join(', ')],
    ['GPUs', plan?.gpus && `${plan.gpus.used} of ${plan.gpus.total} ${plan.gpus.model}`],
    ['nodes', plan?.nodes.length || undefined],
    ...bench.flatMap(({ name, accuracy }) =>
      accuracy
        ? [[name === 'bench' ? 'accuracy' : `accuracy, ${name}`, accuracyText(accuracy, mock)] as const]
        : [],
    ),
    ['engines', mock && `${MOCK_MARK}: the figures say nothing about GPUs`],
    ['image', image ?? 'none'],
    ['dyn-slurm', run.job?.dynSlurm ?? provenance?.dynSlurm],
    ['Dynamo', plan?.dynamo ?? provenance?.dynamo],
    ['engine', provenance?.engine],
    ['config, SHA-256', provenance?.configHash?.slice(0, 12)],
    ['git commit', run.job?.gitCommit ?? provenance?.gitCommit],
    ['cluster', run.job?.cluster],
    ['Slurm job', run.job?.jobId],
    ['submitted', run.job?.submitted],
    ['waited in the queue', elapsed(started - submitted)],
    ['from start to ready', elapsed(ready - started)],
    ['served', elapsed(end - ready)],
  ];
  return new Map(
    facts.flatMap(([name, value]) =>
      value === undefined || value === false || value === '' || value === '–' ? [] : [[name, value] as const],
    ),
  );
}
