import { isBenchTool } from '../config/compat/bench-args.ts';
import type { Job } from '../config/job.ts';
import { etcdGuard } from '../config/planes.ts';
import { benchOutline } from '../plan/bench/outline.ts';
import { planJson } from '../plan/json.ts';
import { METRICS } from '../plan/monitor-step.ts';
import { portPart } from '../plan/movable-ports.ts';
import type { Plan, PortUse } from '../plan/plan.ts';
import { portRange } from '../plan/ports.ts';
import { preflightChecks } from '../plan/preflight.ts';
import { refText } from '../plan/word.ts';
import { causePatterns } from './cause-patterns.ts';
import { jobScript } from './job-script.ts';
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
  'ports.sh.hbs',
  'cause-line.sh',
  'lib.sh',
  'lib/await.sh',
  'lib/bench.sh',
  'lib/cause.sh',
  'lib/container.sh',
  'lib/end.sh',
  'lib/etcd.sh',
  'lib/events.sh',
  'lib/health.sh',
  'lib/image.sh',
  'lib/nodes.sh',
  'lib/ports.sh',
  'lib/preamble.sh',
  'lib/racks.sh',
  'lib/tls.sh',
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

/** Renders the bundle; the same job always gives the same bytes. */
export function renderBundle(job: Job, plan: Plan, { templates, config }: BundleSources): Bundle {
  const files = new Map<string, BundleFile>([
    ['job.sbatch', { text: jobScript(job, plan, templates['job.sbatch.hbs']), mode: 0o700 }],
    ...TEMPLATES.filter((name) => !name.endsWith('.hbs'))
      .filter((name) => name !== 'etcd.py' || etcdGuard(job) === 'password')
      .filter((name) => name !== 'image.sh' || plan.steps.some(({ kind }) => kind === 'image'))
      .filter((name) => name !== 'cleanup.sh')
      .filter((name) => name !== 'bench.sh' || (job.bench && isBenchTool(job.bench.type)))
      .filter((name) => name !== 'metrics.sh' || plan.steps.some((step) => step.name === METRICS))
      .map((name) => [name, { text: templates[name], mode: 0o600 }] as const),
  ]);
  files.set('causes.txt', { text: causePatterns(), mode: 0o600 });
  if (job.cluster.preamble.trim() !== '')
    files.set('preamble.sh', { text: `${job.cluster.preamble.trimEnd()}\n`, mode: 0o600 });
  const checks = preflightChecks(job, plan);
  if (checks.length > 0)
    files.set('preflight.sh', { text: compile(templates['preflight.sh.hbs'])({ checks }), mode: 0o600 });
  if (plan.movable.length > 0)
    files.set('ports.sh', { text: portsFile(plan, templates['ports.sh.hbs']), mode: 0o600 });
  for (const planned of plan.steps) {
    if (planned.kind === 'container') continue;
    if (planned.kind === 'cleanup') {
      files.set(`steps/${planned.name}.sh`, { text: templates['cleanup.sh'], mode: 0o700 });
      continue;
    }
    files.set(`steps/${planned.name}.sh`, {
      text: stepScript(job, planned, templates['step.sh.hbs']),
      mode: 0o700,
    });
    files.set(`env/${planned.name}.env`, { text: environmentFile(planned), mode: 0o600 });
  }
  const nats = plan.steps.find(({ kind }) => kind === 'nats');
  if (nats)
    files.set('nats.conf', {
      text: compile(templates['nats.conf.hbs'])({
        maxPayload: job.infra.nats_max_payload ?? 1,
      }),
      mode: 0o600,
    });
  const nginx = plan.steps.find(({ kind }) => kind === 'nginx');
  if (nginx)
    files.set('nginx.conf', { text: nginxConf(job, plan, templates['nginx.conf.hbs']), mode: 0o600 });
  files.set('plan.json', { text: `${JSON.stringify(planJson(plan, job), null, 2)}\n`, mode: 0o600 });
  // The built-in client writes its own.
  const bench = job.bench?.type === 'builtin' ? undefined : benchOutline(job);
  if (bench) files.set('bench.json', { text: `${JSON.stringify(bench, null, 2)}\n`, mode: 0o600 });
  files.set('config.yaml', { text: config, mode: 0o600 });
  return { files };
}

function portsFile({ movable }: Plan, template: string): string {
  return compile(template)({
    blocks: movable.map(({ port: planned, count, instead }) => ({
      ranges: [planned, ...instead].map((port) => portRange({ port, count })),
    })),
  });
}

/** The node that runs it fills in what it names. */
function nginxConf(job: Job, { entry, steps }: Plan, template: string): string {
  const at = (node: number | undefined, port: number, use: PortUse): string => {
    const part = portPart(use, port, job);
    return `\${NODE_IP[${node}]}:${typeof part === 'string' ? part : refText(part)}`;
  };
  return compile(template)({
    listen: at(entry.node, entry.port, 'nginx'),
    upstreams: steps
      .filter(({ kind }) => kind === 'frontend')
      .map(({ nodes }) => at(nodes[0], job.infra.ports.frontend, 'frontend')),
  });
}
