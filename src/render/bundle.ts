import { type Arg, refText } from '../argument.ts';
import { usesScript } from '../config/schema/bench.ts';
import { benchOutline } from '../plan/bench/spec.ts';
import { planJson } from '../plan/json.ts';
import { METRICS } from '../plan/monitor-step.ts';
import { MOONCAKE_CONFIG } from '../plan/mooncake.ts';
import type { Plan, ProcessKind } from '../plan/plan.ts';
import { portRange } from '../plan/ports.ts';
import { causePatterns } from './cause-patterns.ts';
import { isRouted, jobScript } from './job-script.ts';
import { RUNTIME, runtimeOf } from './runtime.ts';
import { setupFile } from './setup-file.ts';
import { type BundleFile, environmentFile, stepScript } from './step-files.ts';
import { compile } from './template.ts';

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
  'lib/hang.sh',
  'lib/health.sh',
  'lib/http.sh',
  'lib/image.sh',
  'lib/install.sh',
  'lib/nodes.sh',
  'lib/ports.sh',
  'lib/preamble.sh',
  'lib/racks.sh',
  'lib/tls.sh',
  'lib/servers.sh',
  'lib/session.sh',
  'lib/turned-away.sh',
  'lib/ready.sh',
  'lib/steps.sh',
  'lib/supervise.sh',
  'environment.sh',
  'task.sh',
  'setup.sh',
  'gpu-share.sh',
  'stacks.sh',
  'kernels.sh',
  'lib/kernels.sh',
  'node.sh',
  'node/address.sh',
  'node/environment.sh',
  'node/gpus.sh',
  'node/interface.sh',
  'node/model.sh',
  'node/ports.sh',
  'image.sh',
  'install.py',
  'installed.sh',
  'servers.txt',
  'cleanup.sh',
  'etcd.py',
  'metrics.sh',
  'bench.sh',
  'accuracy.py',
] as const;

export type TemplateName = (typeof TEMPLATES)[number];

/** Renders the bundle; the same plan always gives the same bytes. */
export function renderBundle(plan: Plan, { templates, config }: BundleSources): Bundle {
  const runtime = new Map<string, BundleFile>([
    ...TEMPLATES.filter((name) => !name.endsWith('.hbs') && (NEEDED[name]?.(plan) ?? true)).map(
      (name) => [`${RUNTIME}/${name}`, { text: templates[name], mode: 0o600 }] as const,
    ),
    [`${RUNTIME}/causes.txt`, { text: causePatterns(), mode: 0o600 }],
  ]);
  const files = new Map<string, BundleFile>();
  const add = (path: string, text: string, mode = 0o600) => files.set(path, { text, mode });
  add('job.sbatch', jobScript(plan, runtimeOf(runtime), templates['job.sbatch.hbs']), 0o700);
  for (const [path, file] of runtime) files.set(path, file);
  const { shells, preflight: checks, movable, nginx, mooncake, bench, benchOnDemand } = plan;
  if (shells.preamble !== '') add('preamble.sh', `${shells.preamble}\n`);
  if (checks.length > 0) add('preflight.sh', compile(templates['preflight.sh.hbs'])({ checks }));
  if (movable.length > 0) add('movable-ports.txt', portsFile(plan, templates['movable-ports.txt.hbs']));
  // In a session `start bench` may come without a command of its own.
  const more = benchOnDemand && plan.mode === 'session' ? [benchOnDemand] : [];
  for (const planned of [...plan.steps, ...more]) {
    // srun runs these as they are.
    if (planned.kind === 'container' || planned.kind === 'cleanup') continue;
    add(`steps/${planned.name}.sh`, stepScript(plan, planned, templates['step.sh.hbs']), 0o700);
    add(`env/${planned.name}.env`, environmentFile(planned));
    for (const [name, text] of Object.entries(planned.files ?? {})) add(`steps/${name}`, text);
    for (const setup of planned.setups ?? []) {
      const text = setupFile(setup);
      if (text !== undefined) add(`steps/${setup.name}`, text);
    }
    if (planned.filled) add(`steps/${planned.filled.name}`, unquoted(planned.filled.text));
  }
  if (hasStep(plan, 'nats'))
    add('nats.conf', compile(templates['nats.conf.hbs'])({ maxPayload: plan.natsMaxPayload }));
  if (nginx) add('nginx.conf', nginxConf(nginx, templates['nginx.conf.hbs']));
  if (mooncake) add(MOONCAKE_CONFIG, mooncakeText(mooncake));
  add('plan.json', `${JSON.stringify(planJson(plan), null, 2)}\n`);
  // The built-in client writes its own.
  if (bench && bench.config.type !== 'builtin')
    add('bench.json', `${JSON.stringify(benchOutline(bench), null, 2)}\n`);
  add('config.yaml', config);
  return { files };
}

const hasStep = (plan: Plan, kind: ProcessKind): boolean => plan.steps.some((step) => step.kind === kind);

const hasKernels = ({ steps }: Plan): boolean => steps.some(({ kernels }) => kernels !== undefined);

const checksFor = (plan: Plan, word: string): boolean =>
  plan.preflight.some(({ words }) => words[0] === word);

/** The static scripts for which only some jobs have a use. */
const NEEDED: Readonly<Partial<Record<TemplateName, (plan: Plan) => boolean>>> = {
  // Workers are registered in etcd, or they are servers whose addresses are known.
  'lib/etcd.sh': (plan) => hasStep(plan, 'etcd'),
  'lib/turned-away.sh': (plan) => !isRouted(plan),
  'lib/servers.sh': isRouted,
  'etcd.py': ({ etcdGuard }) => etcdGuard === 'password',
  'image.sh': (plan) => hasStep(plan, 'image'),
  'lib/image.sh': (plan) => hasStep(plan, 'image'),
  'install.py': ({ install }) => install !== undefined,
  'installed.sh': ({ install }) => install !== undefined,
  'servers.txt': ({ install }) => install !== undefined,
  'lib/install.sh': ({ install }) => install !== undefined,
  'cleanup.sh': (plan) => hasStep(plan, 'container'),
  'lib/container.sh': (plan) => hasStep(plan, 'container'),
  'bench.sh': ({ bench }) => bench !== undefined && usesScript(bench.config),
  'accuracy.py': ({ bench }) => bench?.config.accuracy !== undefined,
  'setup.sh': ({ steps }) => steps.some(({ setups }) => setups !== undefined),
  'kernels.sh': hasKernels,
  'lib/kernels.sh': hasKernels,
  'gpu-share.sh': ({ steps }) => steps.some(({ share }) => share !== undefined),
  'metrics.sh': ({ steps }) => steps.some(({ name }) => name === METRICS),
  'lib/hang.sh': ({ hang }) => hang !== undefined,
  'lib/preamble.sh': ({ shells }) => shells.preamble !== '',
  'lib/racks.sh': ({ workers }) => workers.some(({ nodes }) => nodes.length > 1),
  'lib/session.sh': ({ mode }) => mode === 'session',
  'lib/tls.sh': ({ etcdGuard }) => etcdGuard === 'certificate',
  'lib/ports.sh': ({ movable }) => movable.length > 0,
  'node/gpus.sh': (plan) => checksFor(plan, 'gpus'),
  'node/interface.sh': ({ interfaces }) => interfaces.some((name) => name !== 'auto'),
  'node/model.sh': (plan) => checksFor(plan, 'model'),
  'node/ports.sh': ({ movable }) => movable.length > 0,
};

function portsFile({ movable }: Plan, template: string): string {
  return compile(template)({
    blocks: movable.map(({ port: planned, count, instead }) => ({
      ranges: [planned, ...instead].map((port) => portRange({ port, count })),
    })),
  });
}

/** The node that runs it fills in what it names. */
function nginxConf({ listen, upstreams, header }: NonNullable<Plan['nginx']>, template: string): string {
  // nginx's name for a request's header.
  const variable = header && `$http_${header.toLowerCase().replaceAll('-', '_')}`;
  return compile(template)({
    listen: unquoted(listen),
    upstreams: upstreams.map(unquoted),
    session: variable,
  });
}

/** JSON with the run-time parts of words named, which the node that reads it fills in. */
function mooncakeText(settings: NonNullable<Plan['mooncake']>): string {
  const values = Object.entries(settings).map(([name, value]) => [
    name,
    isWord(value) ? unquoted(value) : value,
  ]);
  return `${JSON.stringify(Object.fromEntries(values), null, 2)}\n`;
}

/** A list of settings has no reference in it. */
const isWord = (value: unknown): value is Arg =>
  Array.isArray(value) && value.some((part) => typeof part === 'object' && part !== null && 'ref' in part);

const unquoted = (word: Arg): string =>
  [word]
    .flat()
    .map((part) => (typeof part === 'string' ? part : refText(part)))
    .join('');
