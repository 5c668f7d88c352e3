import { type Arg, usesLocalDir } from '../argument.ts';
import { usesInstalled } from '../plan/install.ts';
import type { Plan, StepBody } from '../plan/plan.ts';
import { commandLines, quoteCommand, quoteWord } from './shell.ts';
import { compile } from './template.ts';

export interface BundleFile {
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

/** What a step runs on each of its nodes. `template`: text of step.sh.hbs; `env`: path of its environment in the run folder. */
export function stepScript(
  plan: Pick<Plan, 'localDir' | 'etcdGuard' | 'install' | 'contained'>,
  step: StepBody,
  template: string,
  env = `env/${step.name}.env`,
): string {
  const { kind, argv } = step;
  const nodes =
    step.nodes.length === 1 ? `node ${step.nodes[0]}` : `nodes ${step.nodes[0]} to ${step.nodes.at(-1)}`;
  const what = step.role === null ? step.kind : `${step.role} worker ${step.worker}`;
  return compile(template)({
    about: `${step.name}: ${what} on ${nodes}, started by srun in job.sbatch.`,
    name: step.name,
    nodes: step.nodes,
    env,
    // NATS finds its folder in nats.conf.
    localDir:
      kind === 'nats' || usesLocalDir([...argv, ...Object.values(step.env)]) ? plan.localDir : undefined,
    inLocalDir: step.kind === 'etcd',
    installed: plan.install && usesInstalled(step, plan.contained) ? installedWords(step, plan) : undefined,
    filled: step.kind === 'nginx' ? ['nginx.conf'] : step.filled ? [`steps/${step.filled.name}`] : [],
    mooncake: kind === 'worker' ? mooncake(step) : undefined,
    // They start together with etcd and NATS.
    services: step.env.ETCD_ENDPOINTS === undefined ? undefined : services(step, plan),
    servers: step.awaits,
    setups: step.setups,
    attend: attendant(step, plan),
    ranks: step.rankArgv?.map(quoteCommand),
    locals: step.localEnv?.map((own) => environmentWords(own).join(' ')),
    several: step.mpi !== undefined || step.localEnv !== undefined,
    fatal: step.fatal === undefined ? undefined : quoteWord(step.fatal),
    share: step.share && shareWords(step.share),
    kernels: step.kernels && quoteCommand([step.kernels.folder, plan.localDir]),
    lines: commandLines(step.argv).map(quoteCommand),
  });
}

/** What `use_installed` takes. In a container, etcd and NATS have only a folder of their own on the node's disk. */
function installedWords({ kind }: StepBody, { localDir, contained }: Pick<Plan, 'localDir' | 'contained'>) {
  const program = { etcd: 'etcd', nats: 'nats-server' }[String(kind)];
  return contained && program !== undefined ? `"$LOCAL_DIR" ${program}` : quoteWord(localDir);
}

/** What `take_share` takes. */
function shareWords({ gpu, budget, of, planned, loaded, model }: NonNullable<StepBody['share']>): string {
  return quoteCommand([String(gpu), String(budget), of, planned, loaded, model]);
}

/** Of a worker that uses a Mooncake store: where its master is, and where its settings go. */
function mooncake({ env }: StepBody): { readonly master: Arg; readonly file?: Arg } | undefined {
  const { MOONCAKE_MASTER: master, MOONCAKE_CONFIG_PATH: file } = env;
  // A worker whose own variables say otherwise has another store.
  if (master === undefined || typeof master === 'string') return undefined;
  return { master, ...(file !== undefined && typeof file !== 'string' && { file }) };
}

/** How task.sh runs the command. Dynamo 0.x cannot log in to etcd, which is open then. */
function attendant({ kind }: StepBody, { etcdGuard }: Pick<Plan, 'etcdGuard'>): string {
  if (kind === 'bench' || kind === 'image' || kind === 'install') return 'complete';
  const locked = kind === 'etcd' && etcdGuard === 'password';
  return locked ? 'run python3 -I -S "$RUN_DIR/runtime/etcd.py" "$ATTEMPT_DIR/state/etcd.lock"' : 'run';
}

const MODES = { none: 'open', password: 'locked', certificate: 'tls' } as const;

/** What `await_services` of task.sh takes. */
function services({ env }: StepBody, { etcdGuard }: Pick<Plan, 'etcdGuard'>): readonly Arg[] {
  const urls = [env.ETCD_ENDPOINTS, env.NATS_SERVER].filter((url) => url !== undefined);
  return [MODES[etcdGuard], ...urls];
}

/** An array: as variables of their own, names that a config gives would be those of task.sh. */
export function environmentFile(step: StepBody): string {
  const lines = environmentWords({ ...step.kernels?.env, ...step.env }).map((word) => `  ${word}\n`);
  const secrets =
    Object.keys(step.secrets).length > 0 ? `. "$RUN_DIR"/env/${step.name}.secrets || return\n` : '';
  return `# shellcheck shell=bash disable=SC2034,SC2054,SC2191 # words of an array that task.sh reads\nENVIRONMENT=(\n${lines.join('')})\n${secrets}`;
}

function environmentWords(env: StepBody['env']): readonly string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${quoteWord(value)}`);
}

export interface ChangedStep {
  readonly plan: Plan;
  readonly step: StepBody;
  /** Body of the step as in the bundle. */
  readonly original: StepBody;
  /** Relative to the run folder. */
  readonly folder: string;
  /** Text of step.sh.hbs. */
  readonly template: string;
}

/**
 * Script and environment of a step whose command has changed since the bundle was rendered, by path in the run folder.
 * Secrets stay in the bundle's file, for nobody can give new ones to a job that runs.
 */
export function changedStepFiles({
  plan,
  step,
  original,
  folder,
  template,
}: ChangedStep): ReadonlyMap<string, BundleFile> {
  const env = `${folder}/${step.name}.env`;
  const moved = { ...step, argv: step.argv.map((word) => besides(word, step, folder)) };
  const files = Object.entries(step.files ?? {}).map(
    ([name, text]) => [`${folder}/${name}`, { text, mode: 0o600 }] as const,
  );
  const gone = Object.keys(original.secrets).filter((name) => !(name in step.secrets));
  const text = environmentFile({ ...step, secrets: original.secrets });
  const forgotten = gone.map((name) => `unset ${name}\n`).join('');
  return new Map([
    [`${folder}/${step.name}.sh`, { text: stepScript(plan, moved, template, env), mode: 0o700 }],
    ...files,
    [env, { text: `${text}${forgotten}`, mode: 0o600 }],
  ]);
}

/** A word that names one of the step's own files, as they lie in the folder. */
function besides(word: Arg, { files = {} }: StepBody, folder: string): Arg {
  if (typeof word === 'string') return word;
  return word.map((part) => {
    const name = typeof part === 'string' && part.startsWith('/steps/') ? part.slice('/steps/'.length) : '';
    return Object.hasOwn(files, name) ? `/${folder}/${name}` : part;
  });
}

/** What changes between two commands of a step, as lines with `- ` or `+ ` before them; none where nothing does. */
export function stepDifference(before: StepBody, after: StepBody): readonly string[] {
  return difference(linesOf(before), linesOf(after));
}

/** An option with its values, or a variable; by its name. */
type Lines = ReadonlyMap<string, string>;

function linesOf({ argv, rankArgv, localEnv, files, env, secrets }: StepBody): Lines {
  const inFiles = Object.entries(files ?? {}).flatMap(([name, text]) =>
    text
      .split(/\n(?=[^\s])/)
      .map((line): [string, string] => [`${name} ${line.replace(/:.*/s, '')}`, `${name}: ${line.trimEnd()}`]),
  );
  const own = (rankArgv ?? []).map((words, rank): [string, string] => [
    `rank ${rank}`,
    `rank ${rank}: ${quoteCommand(words)}`,
  ]);
  const local = (localEnv ?? []).map((words, rank): [string, string] => [
    `local rank ${rank}`,
    `local rank ${rank}: ${environmentWords(words).join(' ')}`,
  ]);
  const options = commandLines(argv).map((words): [string, string] => {
    const [first = ''] = words;
    const name = typeof first === 'string' ? first : quoteWord(first);
    return [name.replace(/=.*/s, ''), quoteCommand(words)];
  });
  const variables = Object.entries(env).map(([name, value]): [string, string] => [
    `${name}=`,
    `${name}=${quoteWord(value)}`,
  ]);
  const hidden = Object.keys(secrets).map((name): [string, string] => [`${name}=`, `${name}=(secret)`]);
  return new Map([...options, ...own, ...local, ...inFiles, ...variables, ...hidden]);
}

function difference(before: Lines, after: Lines): readonly string[] {
  const changed = [...before].flatMap(([name, line]) => {
    const now = after.get(name);
    if (now === line) return [];
    return now === undefined ? [`- ${line}`] : [`- ${line}`, `+ ${now}`];
  });
  const added = [...after].flatMap(([name, line]) => (before.has(name) ? [] : [`+ ${line}`]));
  return [...changed, ...added];
}
