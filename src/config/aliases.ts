import type { Job } from './job.ts';
import type { JobConfig } from './schema/job-schema.ts';
import { didYouMean, nearest } from './text/suggestion.ts';
import { error, type Problem, warning } from './yaml/problem.ts';
import { quoted } from './yaml/source-range.ts';

export interface ResolvedAliases {
  readonly model: Job['model'];
  readonly container: JobConfig['container'];
  readonly problems: readonly Problem[];
  /** Names that stood for a path or an image, by where they stood. */
  readonly used: readonly {
    readonly path: readonly [string, string];
    readonly list: 'models' | 'images';
    readonly alias: string;
  }[];
}

/** Replaces the aliases of the cluster profile, and names the model after its folder where nobody else did. */
export function resolveAliases({ model, container }: JobConfig, cluster: Job['cluster']): ResolvedAliases {
  const problems: Problem[] = [];
  const used: ResolvedAliases['used'][number][] = [];
  const path = own(cluster.models, model.path);
  if (path !== undefined) used.push({ path: ['model', 'path'], list: 'models', alias: model.path });
  else if (!model.path.includes('/')) problems.push(unknownModel(model.path, cluster));
  const image = container && own(cluster.images, container.image);
  if (container && image !== undefined) {
    used.push({ path: ['container', 'image'], list: 'images', alias: container.image });
  } else if (container) {
    problems.push(...doubtfulImage(container.image, cluster));
  }
  const folder = path ?? model.path;
  return {
    model: { ...model, path: folder, served_name: model.served_name ?? lastPart(folder) },
    container: container && image !== undefined ? { ...container, image } : container,
    problems,
    used,
  };
}

function unknownModel(alias: string, { name, models }: Job['cluster']): Problem {
  const near = nearest(alias, Object.keys(models));
  return error(
    ['model', 'path'],
    `${quoted(alias)} is neither a path nor a model of the cluster profile ${quoted(name)}${didYouMean(near)}`,
    near === undefined
      ? `write a path on the nodes, such as /models/${alias}`
      : `it stands for ${models[near]}`,
  );
}

/** A bare name may be an image of Docker's library, so it is only doubtful. */
function* doubtfulImage(image: string, { name, images }: Job['cluster']): Generator<Problem> {
  const near = /[/:#]/.test(image) ? undefined : nearest(image, Object.keys(images));
  if (near === undefined) return;
  yield warning(
    ['container', 'image'],
    `${quoted(image)} is not an image alias of the cluster profile ${quoted(name)}${didYouMean(near)}`,
    'without an alias, it is pulled from a registry',
  );
}

function lastPart(path: string): string {
  return path.split('/').findLast((part) => part !== '') ?? 'model';
}

function own(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
