import type { Job } from '../config/job.ts';
import { etcdGuard } from '../config/planes.ts';
import type { Plan, ProcessKind, Step, Word } from '../plan/plan.ts';
import type { BundleFile } from './bundle.ts';
import { address, awaitLines, launch, readinessContext, startContext } from './job-script.ts';
import { environmentFile, stepScript } from './step-files.ts';
import { compile } from './template.ts';

export interface SessionSources {
  /** Texts of session.sh.hbs, lib/session.sh and step.sh.hbs. */
  readonly session: string;
  readonly lib: string;
  readonly step: string;
}

/** What has to be there, one after the other, before commands are taken. */
const STAGES: readonly (readonly ProcessKind[])[] = [
  ['image'],
  ['container', 'cleanup'],
  ['etcd', 'nats'],
  ['frontend', 'nginx', 'monitor'],
];

/** What a session's run folder has beside the bundle; `bench` is the step that `dyn-slurm bench` starts. */
export function sessionFiles(
  job: Job,
  plan: Plan,
  bench: Step,
  sources: SessionSources,
): ReadonlyMap<string, BundleFile> {
  const steps = [...plan.steps.filter(({ kind }) => kind !== 'bench'), bench];
  return new Map([
    ['session.sh', { text: sessionScript(job, plan, steps, sources.session), mode: 0o700 }],
    ['lib/session.sh', { text: sources.lib, mode: 0o600 }],
    ...(plan.steps.some(({ kind }) => kind === 'bench')
      ? []
      : ([
          ['steps/bench.sh', { text: stepScript(job, bench, sources.step), mode: 0o700 }],
          ['env/bench.env', { text: environmentFile(bench), mode: 0o600 }],
        ] as const)),
  ]);
}

function sessionScript(job: Job, plan: Plan, steps: readonly Step[], template: string): string {
  return compile(template)({
    ...startContext(job, plan),
    ...readinessContext(plan, job),
    lost: plan.readiness.lost,
    about: `${job.name}: an interactive session. Rendered by dyn-slurm.`,
    steps: steps.map((step) => ({ ...launch(step, job), ...answers(step, plan, job) })),
    groups: STAGES.flatMap((kinds) => {
      const group = kinds.flatMap((kind) => steps.filter((step) => step.kind === kind));
      if (group.length === 0) return [];
      // Frontends are watched like workers.
      const awaits = kinds.includes('frontend') ? [] : group.flatMap((step) => awaitLines(step, job));
      return [{ names: group.map(({ name }) => name), awaits }];
    }),
    etcdLocked: etcdGuard(job) === 'password',
  });
}

/** Where a step tells that it serves, and what its answer then has. */
function answers(
  step: Step,
  { readiness }: Plan,
  job: Job,
): { readonly answers: boolean; readonly [key: string]: Word | boolean } {
  switch (step.kind) {
    case 'frontend':
    case 'nginx':
      return { answers: true, address: address(step, step.kind, job), path: '/live', words: '' };
    case 'worker': {
      if (!step.ports.some(({ use }) => use === 'system')) return { answers: false };
      // The metrics of an endpoint appear with it. /health would have workers log an error for every look before, and
      // mock engines for ever.
      const own = readiness.endpoints.find(({ role }) => role === step.role)?.endpoint;
      const words = own === undefined ? 'dynamo_endpoint=' : `dynamo_endpoint="${own}"`;
      return { answers: true, address: address(step, 'system', job), path: '/metrics', words };
    }
    default:
      return { answers: false };
  }
}
