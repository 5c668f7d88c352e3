import type { RecipeBench } from '../recipe/recipe.ts';
import type { MapBuilder } from '../tree.ts';
import { type Context, hasKey } from './context.ts';
import { imageName } from './model.ts';

export function writePlaces(map: MapBuilder, bench: RecipeBench, context: Context): void {
  const { findings } = context;
  const { image, node } = bench;
  if (image && hasKey('bench', 'image')) map.set('image', imageName(image, context), image.entry);
  else if (image)
    findings.lose(
      image.entry,
      'the benchmark runs in the image of the job',
      'use an image that holds its tool, too',
    );
  writeApart(map, bench, context);
  if (node === undefined || node.value === 'head') return;
  const place = { last_decode: 'last' }[node.value];
  if (place !== undefined && hasKey('bench', 'node')) map.set('node', place, node.entry);
  else findings.lose(node.entry, `the benchmark runs on the first node, not on ${node.value}`);
}

/** srt-slurm keeps one node for all that ask for one, unless it is told otherwise; with others there, it is the first. */
function writeApart(map: MapBuilder, { apart, type }: RecipeBench, { recipe, findings }: Context): void {
  if (apart === undefined) return;
  const { frontend, infra, oneApart } = recipe;
  const tool = map.get('type')?.value;
  if (tool?.kind === 'scalar' && tool.value === 'builtin')
    findings.lose(
      apart.entry,
      `the job gets no node for ${type.value}, which runs on the machine of \`dyn-slurm bench\``,
    );
  else if (oneApart && (frontend.dedicated || infra.dedicated?.value))
    findings.note(apart.entry, 'is one node with that of the frontend or of etcd and NATS, as in srt-slurm');
  else map.set('node', 'own', apart.entry);
}

export function loseRest(bench: RecipeBench, { findings }: Context, taken: readonly string[]): void {
  for (const entry of bench.more)
    if (!taken.includes(String(entry.path.at(-1))))
      findings.lose(entry, `the benchmark's ${entry.path.at(-1)} is not carried over`);
}
