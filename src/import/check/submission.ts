import { parseDuration } from '../../config/text/duration.ts';
import { emit } from '../../config/yaml/emit.ts';
import { parseYaml, type SourceFile } from '../../config/yaml/parse.ts';
import type { ConfigMap } from '../../config/yaml/tree.ts';
import type { Plan } from '../../plan/plan.ts';
import { planConfig } from '../../plan/plan-config.ts';
import { askedFrontends, gpusPerNode, ROLES } from '../command/config.ts';
import type { Submission } from '../command/submit.ts';
import { slurmTime } from '../write/time.ts';
import type { Verdict } from './check.ts';
import { plannedFigures } from './planned.ts';

/** Plans the config of an old command line over its topology, and compares the plan with what the words ask for. */
export function checkSubmission(
  { submission, config }: { readonly submission: Submission; readonly config: ConfigMap },
  file: string,
  topology: SourceFile | undefined,
): Verdict {
  const perNode = gpusPerNode(submission);
  const profile = ['account: import', 'partition: import', `gpus_per_node: ${perNode}`, ''].join('\n');
  const planned = planConfig({
    config: parseYaml(file, emit(config)),
    ...(topology && { topology }),
    topologyNames: [],
    cluster: { name: 'import', files: [{ file: 'cluster profile', text: profile }] },
    clusterNames: ['import'],
  });
  if (planned.plan === undefined)
    return {
      outcome: 'refused',
      diagnostics: planned.diagnostics.filter(({ severity }) => severity === 'error'),
    };
  const differences = [...compare(submission, planned.plan, perNode)].flatMap(([what, asked, found]) =>
    asked === undefined || asked === found
      ? []
      : [`${what}: ${asked} in the command line, ${found ?? 'nothing'} in the plan`],
  );
  return differences.length === 0 ? { outcome: 'agrees' } : { outcome: 'differs', differences };
}

type Comparison = readonly [
  what: string,
  asked: string | number | undefined,
  found: string | number | undefined,
];

/** What the options ask for, and what the plan has; undefined where they leave it to the script. */
function* compare(submission: Submission, plan: Plan, perNode: number): Generator<Comparison> {
  const { options } = submission;
  const figures = plannedFigures(plan);
  const asked = (option: string): string | undefined => options.get(option)?.text;
  let nodes: number | undefined = 0;
  for (const role of ROLES) {
    const name = role === 'agg' ? 'aggregated' : role;
    const own = figures.roles.get(name);
    const [ownNodes, workers] = [asked(`${role}-nodes`), asked(`${role}-workers`)];
    if (own !== undefined)
      nodes = nodes === undefined || ownNodes === undefined ? undefined : nodes + Number(ownNodes);
    if (workers) yield [`${name} workers`, Number(workers), own?.workers];
    if (ownNodes && workers)
      yield [`GPUs of a ${name} worker`, (Number(ownNodes) / Number(workers)) * perNode, own?.gpus];
  }
  yield ['nodes', nodes, figures.nodes];
  yield ['frontends', askedFrontends(submission), figures.frontends.count];
  const directive = (name: string) =>
    plan.directives.flatMap((line) =>
      line.startsWith(`--${name}=`) ? [line.slice(name.length + 3)] : [],
    )[0];
  for (const name of ['account', 'partition']) yield [name, asked(name), directive(name)];
  const time = asked('time-limit');
  if (time) yield ['seconds', parseDuration(slurmTime(time) ?? ''), plan.timeLimit];
  const [worker] = plan.steps.filter(({ kind }) => kind === 'worker');
  const at = worker?.argv.indexOf('--model-path') ?? -1;
  const model = at < 0 ? undefined : worker?.argv[at + 1];
  yield [
    'model',
    asked('model-dir')?.replace(/(?<=.)\/+$/, ''),
    typeof model === 'string' ? model : undefined,
  ];
  yield ['image', asked('container-image'), plan.image?.name];
}
