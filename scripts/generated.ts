import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { loadJob } from '../src/cli/runs/config/load.ts';
import { sessionFiles } from '../src/cli/runs/session/command-text.ts';
import { bundleOf } from '../src/cli/runs/submit/bundle.ts';
import { processWorld } from '../src/cli/world.ts';
import { jsonSchema } from '../src/config/docs/json-schema.ts';
import type { HostFile } from '../src/host/host.ts';
import type { Plan } from '../src/plan/plan.ts';
import { RUNTIME } from '../src/render/runtime.ts';
import { causesMarkdown } from './causes-markdown.ts';
import { keysMarkdown, profileMarkdown } from './config-markdown.ts';
import { portsMarkdown } from './ports-markdown.ts';
import { eventsMarkdown, planMarkdown } from './run-files-markdown.ts';
import { topologiesMarkdown } from './topologies-markdown.ts';

/** A file that is made from others and checked in. */
export interface Generated {
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

/** Every generated file of the repository, by its path below `root`: the editors' schema, the reference, the golden bundles. */
export async function generatedFiles(root: string): Promise<ReadonlyMap<string, Generated>> {
  const files = new Map<string, Generated>([
    ['configs/schema.json', { text: `${JSON.stringify(jsonSchema(), null, 2)}\n`, mode: 0o644 }],
    [
      'docs/config.md',
      {
        text: await filledIn(root, 'config', { keys: keysMarkdown(), profile: profileMarkdown() }),
        mode: 0o644,
      },
    ],
    ['docs/security.md', { text: await filledIn(root, 'security', { ports: portsMarkdown() }), mode: 0o644 }],
    [
      'docs/topologies.md',
      {
        text: await filledIn(root, 'topologies', { topologies: await topologiesMarkdown(root) }),
        mode: 0o644,
      },
    ],
    ['slurm_jobs/README.md', { text: README, mode: 0o644 }],
    ['docs/causes.md', { text: causesMarkdown(), mode: 0o644 }],
    ['docs/events.md', { text: eventsMarkdown(), mode: 0o644 }],
    [
      'docs/plan-json.md',
      { text: planMarkdown(await readFile(join(root, 'docs/plan-json.md'), 'utf8')), mode: 0o644 },
    ],
  ]);
  // Nothing of this machine: no profiles of its user, no variables.
  const world = {
    ...processWorld(process, root, new AbortController().signal),
    env: {},
    home: join(root, 'no-home'),
    cwd: join(root, 'configs'),
  };
  for (const name of await exampleConfigs(world)) {
    const loaded = await loadJob(`${name}.yaml`, {}, world);
    if (loaded.plan === undefined)
      throw new Error(`configs/${name}.yaml: ${JSON.stringify(loaded.diagnostics)}`);
    addExample(name, (await bundleOf(loaded, loaded.plan, world)).files, files);
    if (name !== SESSION) continue;
    const plan: Plan = { ...loaded.plan, mode: 'session' };
    const bundle = await bundleOf(loaded, plan, world);
    addExample(
      `${name}-session`,
      new Map([...bundle.files, ...sessionFiles(plan, { workers: true })]),
      files,
    );
  }
  return files;
}

/** The config that is also shown as a session, as `dyn-slurm allocate` makes it. */
const SESSION = 'qwen3-disaggregated-one-node';

/** Adds a run folder as `slurm_jobs/NAME/`, but for its runtime: that of all examples together is `slurm_jobs/runtime/`. */
function addExample(
  name: string,
  bundle: ReadonlyMap<string, HostFile>,
  files: Map<string, Generated>,
): void {
  for (const [path, { text, mode }] of bundle) {
    const shared = path.startsWith(`${RUNTIME}/`);
    files.set(`slurm_jobs/${shared ? path : `${name}/${path}`}`, {
      text,
      mode: mode & 0o100 ? 0o755 : 0o644,
    });
  }
}

const README = [
  '# Rendered examples',
  '',
  'Each folder is what `dyn-slurm submit` sends for a config of [configs/](../configs).',
  `\`${SESSION}-session\` is what \`dyn-slurm allocate\` sends. \`npm run generate\` writes`,
  'these files, and a test keeps them current.',
  '',
  'The static scripts are the same for all jobs, so they are here once, in [runtime/](runtime). A run folder has a copy',
  'of those that its job needs. job.sbatch lists them with a SHA-256, which it checks before it sources any of them:',
  'that of what `sha256sum FILE...` prints in their folder. To compare, run',
  '`cd slurm_jobs/runtime && sha256sum FILE... | sha256sum`.',
  '',
].join('\n');

/** A page of docs with its generated parts, which stand between `<!-- NAME: generated -->` and `<!-- end -->`. */
async function filledIn(
  root: string,
  page: string,
  parts: Readonly<Record<string, string>>,
): Promise<string> {
  const text = await readFile(join(root, `docs/${page}.md`), 'utf8');
  return text.replace(
    /(<!-- (\w+): generated -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin, name, end) => `${begin}${parts[name]}${end}`,
  );
}

async function exampleConfigs(world: { listDir(path: string): Promise<readonly string[]>; cwd: string }) {
  const names = await world.listDir(world.cwd);
  return names.filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -'.yaml'.length));
}
