import type { Job } from './job.ts';
import type { JobConfig } from './schema/job-schema.ts';
import { didYouMean, nearest } from './text/suggestion.ts';
import { error, type Problem, warning } from './yaml/problem.ts';
import { type ConfigPath, quoted } from './yaml/source-range.ts';

export interface ResolvedAliases {
  readonly model: Job['model'];
  readonly container: JobConfig['container'];
  readonly bench: JobConfig['bench'];
  readonly frontend: JobConfig['frontend'];
  readonly problems: readonly Problem[];
  /** Names that stood for a path or an image, by where they stood. */
  readonly used: readonly {
    readonly path: ConfigPath;
    readonly list: 'models' | 'images';
    readonly alias: string;
  }[];
}

/** Replaces the aliases of the cluster profile, and names the model after its folder where nobody else did. */
export function resolveAliases(
  { model, container, frontend, bench }: JobConfig,
  cluster: Job['cluster'],
): ResolvedAliases {
  const problems: Problem[] = [];
  const used: ResolvedAliases['used'][number][] = [];
  const path = own(cluster.models, model.path);
  if (path !== undefined) used.push({ path: ['model', 'path'], list: 'models', alias: model.path });
  else if (!model.path.includes('/')) problems.push(unknownModel(model.path, cluster));
  const imageAt = (at: ConfigPath, given: string | undefined) => {
    if (given === undefined) return undefined;
    const image = own(cluster.images, given);
    if (image === undefined) problems.push(...doubtfulImage(at, given, cluster));
    else used.push({ path: at, list: 'images', alias: given });
    return image ?? given;
  };
  const image = imageAt(['container', 'image'], container?.image);
  const benchImage = imageAt(['bench', 'image'], bench?.image);
  const ofFrontend = imageAt(['frontend', 'image'], frontend.image);
  const ofNginx = imageAt(['frontend', 'nginx', 'image'], frontend.nginx.image);
  const folder = path ?? model.path;
  return {
    model: { ...model, path: folder, served_name: model.served_name ?? lastPart(folder) },
    container: container && image !== undefined ? { ...container, image } : container,
    bench: bench && benchImage !== undefined ? { ...bench, image: benchImage } : bench,
    frontend: {
      ...frontend,
      ...(ofFrontend !== undefined && { image: ofFrontend }),
      nginx: ofNginx === undefined ? {} : { image: ofNginx },
    },
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
function* doubtfulImage(
  path: ConfigPath,
  image: string,
  { name, images }: Job['cluster'],
): Generator<Problem> {
  const near = /[/:#]/.test(image) ? undefined : nearest(image, Object.keys(images));
  if (near === undefined) return;
  yield warning(
    path,
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
