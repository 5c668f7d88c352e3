import type { ConfigEntry, ConfigValue } from '../../config/yaml/tree.ts';
import type { Place } from '../finding.ts';
import { scalar } from '../tree.ts';
import type { Context } from './context.ts';
import { isMounted, modern, onNodes } from './values.ts';

/** The model's folder on the nodes, or its id of the hub; undefined where only the cluster knows what its alias means. */
function modelPath({ recipe, cluster }: Pick<Context, 'recipe' | 'cluster'>): string | undefined {
  const { path, hub } = recipe.model;
  if (hub || path.value.startsWith('/')) return path.value;
  return cluster.models.get(path.value)?.replace(/^hf:/, '');
}

/** Folders that srt-slurm mounts into its containers, beside /model. */
const OWN_MOUNTS = /^\/(logs|configs|srtctl-benchmarks|srtctl-runtime|srtctl-wheels)(?=\/|$)/;
/** A path that only the recipe's own site has, as far as one can tell. */
const SITE =
  /^\/(?!usr\/|opt\/|etc\/|bin\/|dev\/|proc\/|sys\/|tmp(\/|$)|var\/|root(\/|$)|workspace\/|sgl-workspace\/|v1\/|health)[\w.-]+(\/|$)/;

/** Network devices by the names that a site's nodes have: `mlx5_0`, `eth0`, `enP6p9s0np0`. */
const DEVICES =
  /^(UCX_NET_DEVICES|(NCCL|NVSHMEM|GLOO|TP|MC)_.*(IFNAME|IB_HCA|HCA_LIST|HCA_PE_MAPPING|DEVICE))$/;

/** A text for the imported config: `/model` becomes the model's path, and what only the recipe's site has is told. */
export function placed(text: string, place: Place, context: Context): string {
  const { findings, recipe } = context;
  if (isMounted(text)) {
    const path = modelPath(context);
    if (path !== undefined) return onNodes(text, path);
    findings.site(
      place,
      `${text} is where srt-slurm mounts the model; the path that the alias ${JSON.stringify(recipe.model.path.value)} stands for is not known`,
      'write the path on the nodes, or import with --profile srtslurm.yaml',
    );
    return text;
  }
  const mounted = recipe.mounts.some(({ value }) => {
    const [, inside = ''] = value.split(':');
    return inside !== '' && (text === inside || text.startsWith(`${inside}/`));
  });
  const name = String(place.path.at(-1));
  if (mounted) return text;
  if (OWN_MOUNTS.test(text))
    findings.site(
      place,
      `${text} lies in a folder that only srt-slurm mounts`,
      'write a path on the nodes, and mount it with container.mounts',
    );
  else if (SITE.test(text))
    findings.site(
      place,
      `${text} is a path of the site that the recipe was written for`,
      'mount it with container.mounts, or write another one',
    );
  else if (DEVICES.test(name) && text !== 'all')
    findings.site(
      place,
      `${text} names network devices of the site that the recipe was written for`,
      'write the devices of your nodes',
    );
  return text;
}

/** The same for all texts in maps and lists, with numbers and booleans as YAML 1.2 spells them. */
export function placedTree(value: ConfigValue, place: Place, context: Context): ConfigValue {
  if (value.kind === 'list')
    return { ...value, items: value.items.map((item) => placedTree(item, place, context)) };
  if (value.kind === 'map') {
    const entries = [...value.entries].map(([key, entry]): [string, ConfigEntry] => [
      key,
      { ...entry, value: placedTree(entry.value, entry.path.length > 0 ? entry : place, context) },
    ]);
    return { ...value, entries: new Map(entries) };
  }
  return typeof value.value === 'string'
    ? scalar(placed(value.value, place, context), value.range)
    : modern(value);
}
