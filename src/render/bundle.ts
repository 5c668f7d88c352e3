import { isBenchTool } from '../config/compat/bench-args.ts';
import { benchOutline } from '../plan/bench/outline.ts';
import { planJson } from '../plan/json.ts';
import { METRICS } from '../plan/monitor-step.ts';
import type { Plan, ProcessKind, Word } from '../plan/plan.ts';
import { portRange } from '../plan/ports.ts';
import { refText } from '../plan/word.ts';
import { causePatterns } from './cause-patterns.ts';
import { jobScript } from './job-script.ts';
import { RUNTIME, runtimeOf } from './runtime.ts';
import { environmentFile, stepScript } from './step-files.ts';
import { compile } from './template.ts';

export interface BundleFile {
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

/** Everything that a run needs, by path in its run folder. */
export interface Bundle {
  readonly files: ReadonlyMap<string, BundleFile>;
}

/** Texts of this package's `templates/` by file name, and the user's config as it was read. */
export interface BundleSources {
  readonly templates: Readonly<Record<TemplateName, string>>;
  readonly config: string;
}

export const TEMPLATES = [
  'job.sbatch.hbs',
  'step.sh.hbs',
  'nginx.conf.hbs',
  'nats.conf.hbs',
  'preflight.sh.hbs',
  'movable-ports.txt.hbs',
  'cause-line.sh',
  'lib.sh',
  'lib/adopt.sh',
  'lib/await.sh',
  'lib/cause.sh',
  'lib/commands.sh',
  'lib/container.sh',
  'lib/end.sh',
  'lib/etcd.sh',
  'lib/events.sh',
  'lib/health.sh',
  'lib/http.sh',
  'lib/image.sh',
  'lib/nodes.sh',
  'lib/ports.sh',
  'lib/preamble.sh',
  'lib/racks.sh',
  'lib/tls.sh',
  'lib/session.sh',
  'lib/turned-away.sh',
  'lib/ready.sh',
  'lib/steps.sh',
  'lib/supervise.sh',
  'environment.sh',
  'task.sh',
  'node.sh',
  'node/address.sh',
  'node/environment.sh',
  'node/gpus.sh',
  'node/model.sh',
  'image.sh',
  'cleanup.sh',
  'etcd.py',
  'metrics.sh',
  'bench.sh',
] as const;

export type TemplateName = (typeof TEMPLATES)[number];

/** Renders the bundle; the same plan always gives the same bytes. */
export function renderBundle(plan: Plan, { templates, config }: BundleSources): Bundle {
  const runtime = new Map<string, BundleFile>([
    ...TEMPLATES.filter((name) => !name.endsWith('.hbs') && isNeeded(name, plan)).map(
      (name) => [`${RUNTIME}/${name}`, { text: templates[name], mode: 0o600 }] as const,
    ),
    [`${RUNTIME}/causes.txt`, { text: causePatterns(), mode: 0o600 }],
  ]);
  const files = new Map<string, BundleFile>([
    ['job.sbatch', { text: jobScript(plan, runtimeOf(runtime), templates['job.sbatch.hbs']), mode: 0o700 }],
    ...runtime,
  ]);
  const { preamble } = plan.shells;
  if (preamble !== '') files.set('preamble.sh', { text: `${preamble}\n`, mode: 0o600 });
  const checks = plan.preflight;
  if (checks.length > 0)
    files.set('preflight.sh', { text: compile(templates['preflight.sh.hbs'])({ checks }), mode: 0o600 });
  if (plan.movable.length > 0)
    files.set('movable-ports.txt', {
      text: portsFile(plan, templates['movable-ports.txt.hbs']),
      mode: 0o600,
    });
  // In a session `start bench` may come without a command of its own.
  const { benchOnDemand } = plan;
  const more = benchOnDemand && plan.mode === 'session' ? [benchOnDemand] : [];
  for (const planned of [...plan.steps, ...more]) {
    // srun runs these as they are.
    if (planned.kind === 'container' || planned.kind === 'cleanup') continue;
    files.set(`steps/${planned.name}.sh`, {
      text: stepScript(plan, planned, templates['step.sh.hbs']),
      mode: 0o700,
    });
    files.set(`env/${planned.name}.env`, { text: environmentFile(planned), mode: 0o600 });
  }
  const nats = plan.steps.find(({ kind }) => kind === 'nats');
  if (nats)
    files.set('nats.conf', {
      text: compile(templates['nats.conf.hbs'])({
        maxPayload: plan.natsMaxPayload,
      }),
      mode: 0o600,
    });
  if (plan.nginx)
    files.set('nginx.conf', { text: nginxConf(plan.nginx, templates['nginx.conf.hbs']), mode: 0o600 });
  files.set('plan.json', { text: `${JSON.stringify(planJson(plan), null, 2)}\n`, mode: 0o600 });
  // The built-in client writes its own.
  if (plan.bench && plan.bench.config.type !== 'builtin')
    files.set('bench.json', { text: `${JSON.stringify(benchOutline(plan.bench), null, 2)}\n`, mode: 0o600 });
  files.set('config.yaml', { text: config, mode: 0o600 });
  return { files };
}

/** Whether a job has a use for a static script. */
function isNeeded(name: TemplateName, plan: Plan): boolean {
  const hasStep = (kind: ProcessKind): boolean => plan.steps.some((step) => step.kind === kind);
  const hasCheck = (word: string): boolean => plan.preflight.some(({ words }) => words[0] === word);
  switch (name) {
    case 'etcd.py':
      return plan.etcdGuard === 'password';
    case 'image.sh':
    case 'lib/image.sh':
      return hasStep('image');
    case 'cleanup.sh':
    case 'lib/container.sh':
      return hasStep('container');
    case 'bench.sh':
      return plan.bench !== undefined && isBenchTool(plan.bench.config.type);
    case 'metrics.sh':
      return plan.steps.some((step) => step.name === METRICS);
    case 'lib/preamble.sh':
      return plan.shells.preamble !== '';
    case 'lib/racks.sh':
      return plan.workers.some(({ nodes }) => nodes.length > 1);
    case 'lib/session.sh':
      return plan.mode === 'session';
    case 'lib/tls.sh':
      return plan.etcdGuard === 'certificate';
    case 'lib/ports.sh':
      return plan.movable.length > 0;
    case 'node/gpus.sh':
      return hasCheck('gpus');
    case 'node/model.sh':
      return hasCheck('model');
    default:
      return true;
  }
}

function portsFile({ movable }: Plan, template: string): string {
  return compile(template)({
    blocks: movable.map(({ port: planned, count, instead }) => ({
      ranges: [planned, ...instead].map((port) => portRange({ port, count })),
    })),
  });
}

/** The node that runs it fills in what it names. */
function nginxConf({ listen, upstreams }: NonNullable<Plan['nginx']>, template: string): string {
  return compile(template)({ listen: unquoted(listen), upstreams: upstreams.map(unquoted) });
}

const unquoted = (word: Word): string =>
  [word]
    .flat()
    .map((part) => (typeof part === 'string' ? part : refText(part)))
    .join('');
