import { addressOf } from '../plan/inside.ts';
import type { Plan, ProcessKind, Step, Word } from '../plan/plan.ts';
import type { BundleFile } from './bundle.ts';
import { awaitLines, launch, readinessContext, runtimeContext, startContext } from './job-script.ts';
import { RUNTIME, type Runtime, runtimeOf } from './runtime.ts';
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

/** What a session's run folder has beside the files of its `bundle`; `bench` is the step that `dyn-slurm bench` starts. */
export function sessionFiles(
  plan: Plan,
  bench: Step,
  bundle: ReadonlyMap<string, BundleFile>,
  sources: SessionSources,
): ReadonlyMap<string, BundleFile> {
  const steps = [...plan.steps.filter(({ kind }) => kind !== 'bench'), bench];
  const lib = [`${RUNTIME}/lib/session.sh`, { text: sources.lib, mode: 0o600 }] as const;
  const runtime = runtimeOf([...bundle, lib]);
  return new Map([
    ['session.sh', { text: sessionScript(plan, steps, runtime, sources.session), mode: 0o700 }],
    lib,
    ...(plan.steps.some(({ kind }) => kind === 'bench')
      ? []
      : ([
          ['steps/bench.sh', { text: stepScript(plan, bench, sources.step), mode: 0o700 }],
          ['env/bench.env', { text: environmentFile(bench), mode: 0o600 }],
        ] as const)),
  ]);
}

function sessionScript(plan: Plan, steps: readonly Step[], runtime: Runtime, template: string): string {
  return compile(template)({
    ...startContext(plan),
    ...readinessContext(plan),
    ...runtimeContext(runtime),
    lost: plan.readiness.lost,
    about: `${plan.name}: an interactive session. Rendered by dyn-slurm.`,
    steps: steps.map((step) => ({ ...launch(step), ...answers(step, plan) })),
    groups: STAGES.flatMap((kinds) => {
      const group = kinds.flatMap((kind) => steps.filter((step) => step.kind === kind));
      if (group.length === 0) return [];
      // Frontends are watched like workers.
      const awaits = kinds.includes('frontend') ? [] : group.flatMap(awaitLines);
      return [{ names: group.map(({ name }) => name), awaits }];
    }),
    etcdLocked: plan.etcdGuard === 'password',
  });
}

/** Where a step tells that it serves, and what its answer then has. */
function answers(
  step: Step,
  { readiness }: Plan,
): { readonly answers: boolean; readonly [key: string]: Word | boolean } {
  switch (step.kind) {
    case 'frontend':
    case 'nginx':
      return { answers: true, address: addressOf(step, step.kind), path: '/live', words: '' };
    case 'worker': {
      if (!step.ports.some(({ use }) => use === 'system')) return { answers: false };
      // The metrics of an endpoint appear with it. /health would have workers log an error for every look before, and
      // mock engines for ever.
      const own = readiness.endpoints.find(({ role }) => role === step.role)?.endpoint;
      const words = own === undefined ? 'dynamo_endpoint=' : `dynamo_endpoint="${own}"`;
      return { answers: true, address: addressOf(step, 'system'), path: '/metrics', words };
    }
    default:
      return { answers: false };
  }
}
