import { join } from 'node:path';
import type { Diagnostic } from '../../../config/yaml/diagnostic.ts';
import { mergeDiagnostics } from '../../../config/yaml/locate.ts';
import type { Problem } from '../../../config/yaml/problem.ts';
import { DynSlurmError } from '../../../errors.ts';
import type { Host } from '../../../host/host.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { World } from '../../world.ts';
import { traceSeen } from './data-seen.ts';
import { type Loaded, printDiagnostics, sourcesOf } from './load.ts';

/**
 * What the machine where Slurm's commands run sees of the model and the image, by the rules of the nodes: most sites have
 * them on a file system that both see, and a path that is wrong would fail only after the queue. What is on the nodes alone
 * cannot be seen here, and nothing is said of it. `host` left out: this machine, where it is the one that submits.
 */
export async function filesSeen(
  jobs: readonly Loaded[],
  world: World,
  host?: Host,
): Promise<readonly Diagnostic[]> {
  // Most variants of a config have the same model and image.
  const looks = new Map<string, Promise<string>>();
  const look: Look = (where, argv) => {
    const key = argv.join('\0');
    const known = looks.get(key) ?? looked(where, argv, world);
    looks.set(key, known);
    return known;
  };
  const each = [];
  for (const job of jobs) {
    const seen = [...(await filesOf(job, look, world, host)), ...(await traceSeen(job, world))];
    each.push({ label: job.variant ?? '', diagnostics: seen });
  }
  return mergeDiagnostics(
    each,
    sourcesOf(jobs).map(({ file }) => file),
  );
}

type Look = (host: Host, argv: readonly string[]) => Promise<string>;

async function filesOf(
  { plan, locateProblem }: Loaded,
  look: Look,
  world: World,
  host?: Host,
): Promise<readonly Diagnostic[]> {
  if (
    plan === undefined ||
    locateProblem === undefined ||
    plan.preflight.length === 0 ||
    plan.cluster.name === 'local'
  )
    return [];
  const words = plan.preflight.map((check) => check.words);
  const [, ...model] = words.find(([kind]) => kind === 'model') ?? [];
  const image = words.find(([, what]) => what === 'the container image')?.[2] ?? '';
  const where = host ?? (await here(plan, [model[1], image], world));
  if (where === undefined) return [];
  const functions = await world.readFile(join(world.packageRoot, 'templates/node/model.sh'));
  const argv = ['bash', '--norc', '-c', `${functions}\n${LOOK}`, 'look', image, ...model];
  const stdout = await look(where, argv);
  return stdout.split('\n').flatMap((line) => {
    const [, about, kind, text] = /^(model|image) (problem|warning|missing) (.*)$/.exec(line) ?? [];
    return about === undefined || text === undefined ? [] : [locateProblem(problem(about, kind, text))];
  });
}

/** Prints what `filesSeen` finds; whether there is an error among it. */
export async function refusedFiles(jobs: readonly Loaded[], world: World, host?: Host): Promise<boolean> {
  const diagnostics = await filesSeen(jobs, world, host);
  printDiagnostics({ diagnostics, sources: sourcesOf(jobs) }, world);
  return diagnostics.some(({ severity }) => severity === 'error');
}

/** Nothing where the machine cannot be asked: what is about to be done there will say why. */
async function looked(host: Host, argv: readonly string[], { signal }: World): Promise<string> {
  try {
    return (await host.exec(argv, { timeout: 60_000, signal })).stdout;
  } catch (error) {
    if (error instanceof DynSlurmError && error.code === 'connection') return '';
    throw error;
  }
}

/** This machine, where it is the one that submits and has at least the topmost folder of one of the paths. */
async function here(
  { cluster }: Plan,
  paths: readonly (string | undefined)[],
  world: World,
): Promise<Host | undefined> {
  const tops = paths.flatMap((path) => /^\/[^/]+/.exec(path ?? '')?.[0] ?? []);
  const there = await Promise.all(tops.map((top) => world.exists(top)));
  if (cluster.host !== undefined || !there.includes(true)) return undefined;
  const { localHost } = await import('../../../host/local.ts');
  return localHost({ path: [], env: world.env, extra: {} });
}

function problem(about: string, kind: string | undefined, text: string): Problem {
  const path = about === 'model' ? ['model', 'path'] : ['container', 'image'];
  if (kind !== 'missing')
    return {
      severity: kind === 'problem' ? 'error' : 'warning',
      path,
      message: `the submitting machine ${text}`,
    };
  return {
    severity: 'warning',
    path,
    message: `the submitting machine has ${text}`,
    hint: 'correct the path, unless it exists on the nodes only',
  };
}

/** IMAGE WEIGHTS MODEL [MOUNTED...]; an empty IMAGE is none. */
const LOOK = `
say() { printf '%s %s %s\\n' "$ABOUT" "$1" "$2"; }

# is_seen PATH: says where only a folder above it is there. Folders for scratch files are each machine's own.
is_seen() {
  local up=\${1%/}
  ! is_there "$1" || return 0
  up=\${up%/*}
  while [[ -n $up && ! -e $up ]]; do up=\${up%/*}; done
  case $up in
    '' | /tmp | /var/tmp | /dev/shm | /local | /mnt | /opt | /srv | /var) ;;
    *) say missing "no $1, though it has $up" ;;
  esac
  return 1
}

ABOUT=image
if [[ -n $1 ]] && is_seen "$1" && [[ ! -r $1 ]]; then say problem "cannot read the container image, $1"; fi
shift
ABOUT=model
if (($# > 0)) && is_seen "$2"; then look_at_model "$@"; fi
`;
