import { mount as mountSchema } from '../../config/schema/fields.ts';
import { GPUS } from '../../config/schema/gpu.ts';
import type { Found } from '../keys.ts';
import { apart, list, MapBuilder, scalar } from '../tree.ts';
import type { Context } from './context.ts';

/** The GPU by dyn-slurm's name: `H100`, `gb200-nvl72` and `h100_sxm` are those that they begin with. */
export function gpuName({ recipe, findings }: Context): string {
  if (recipe.gpu === undefined) {
    findings.site(
      recipe.gpusPerNode.place,
      'the recipe does not name its GPUs; "any" stands for them',
      'set gpu to what your nodes have',
    );
    return 'any';
  }
  const { value, entry } = recipe.gpu;
  const lower = value.toLowerCase();
  const known = Object.keys(GPUS).sort((one, other) => other.length - one.length);
  const name = known.find(
    (one) =>
      lower === one || lower.replace(/^(nvidia|amd)[-_ ]?/, '').match(new RegExp(`^${one}(?![a-z0-9])`)),
  );
  if (name !== undefined && name !== value) findings.note(entry, `is taken for ${name}`);
  const usual = name === undefined ? undefined : GPUS[name]?.perNode;
  if (usual !== undefined && usual !== recipe.gpusPerNode.value)
    findings.site(
      recipe.gpusPerNode.place,
      `nodes of ${name} usually have ${usual} GPUs, but the recipe's have ${recipe.gpusPerNode.value}`,
      `set gpus_per_node: ${recipe.gpusPerNode.value} in the cluster profile if yours have as many`,
    );
  if (name === undefined)
    findings.site(
      entry,
      `is no GPU that dyn-slurm knows; "any" stands for it, on nodes of ${recipe.gpusPerNode.value} GPUs`,
      `set gpus_per_node: ${recipe.gpusPerNode.value} in the cluster profile`,
    );
  return name ?? 'any';
}

export function writeModel(root: MapBuilder, { recipe, cluster, shared, findings }: Context): void {
  const { place, path, hub } = recipe.model;
  const map = new MapBuilder(path.entry);
  const known = cluster.models.get(path.value);
  const text = (known ?? path.value).replace(/^hf:/, '');
  map.set('path', text.length > 1 ? text.replace(/\/+$/, '') : text, path.entry);
  if (text.includes('$'))
    findings.site(path.entry, 'contains a variable, which dyn-slurm does not expand', 'write the path');
  else if (known === undefined && !hub && !text.startsWith('/'))
    findings.site(
      path.entry,
      `${JSON.stringify(text)} is an alias of the cluster that the recipe was written for`,
      'write the path, or name it under models in the cluster profile',
    );
  else if (known === undefined && text.startsWith('/'))
    findings.site(
      path.entry,
      `${text} is a path of the site that the recipe was written for`,
      'write the path on your nodes',
    );
  const served = shared.get('model.served_name');
  const engine = recipe.engine.servedName;
  if (engine) map.set('served_name', engine.value, engine.entry);
  else if (served) map.set('served_name', served.value, served.place);
  root.set('model', map.build(), place);
}

/** An image by what the cluster has for its alias; an alias that nobody knows is told. */
export function imageName(
  { value, entry }: Found<string>,
  { cluster, findings }: Pick<Context, 'cluster' | 'findings'>,
): string {
  const known = cluster.images.get(value);
  if (known === undefined && !/[/:#]/.test(value))
    findings.site(
      entry,
      `${JSON.stringify(value)} is an alias of the cluster that the recipe was written for`,
      'write the image, or name it under images in the cluster profile',
    );
  else if (known === undefined && value.startsWith('/'))
    findings.site(
      entry,
      `${value} is a file of the site that the recipe was written for`,
      'write the image, or its file on your nodes',
    );
  return known ?? value;
}

export function writeContainer(root: MapBuilder, context: Context): void {
  const { recipe, findings } = context;
  const { container } = recipe.model;
  const map = new MapBuilder(container.entry).set('image', imageName(container, context), container.entry);
  const mounts = recipe.mounts.flatMap(({ value, entry }) => {
    if (/[${}<>]/.test(value)) {
      findings.lose(
        entry,
        'contains a placeholder or a variable, which mounts cannot have',
        'write the path',
      );
      return [];
    }
    if (!value.startsWith('/')) {
      findings.lose(
        entry,
        "is a folder of srt-slurm's checkout, which the recipe does not hold",
        'copy it, and mount it with container.mounts',
      );
      return [];
    }
    if (!mountSchema.safeParse(value).success) {
      findings.lose(entry, 'is no mount of the form HOST:CONTAINER');
      return [];
    }
    return [scalar(value, entry.value.range)];
  });
  if (mounts.length > 0)
    map.set('mounts', list(mounts, mounts[0]?.range ?? container.entry.range), recipe.mounts[0]?.entry);
  root.set('container', map.build(), apart(container.entry));
}
