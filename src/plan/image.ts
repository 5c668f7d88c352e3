import { type Arg, RUN_DIR } from '../argument.ts';
import { readImage } from '../config/compat/image-reference.ts';
import { containerOf, type Job } from '../config/job.ts';
import { gpuModel } from '../config/schema/gpu.ts';
import type { StepBody } from './plan.ts';
import { stepOf } from './step-body.ts';

/** An image of a registry that the job imports into the site's cache, once for all nodes and jobs. */
export interface CachedImage {
  /** Source in enroot's form: `docker://nvcr.io#nvidia/ai-dynamo/dynamo-frontend:1.6.1`. */
  readonly source: string;
  /** A squashfs, which pyxis takes as it is. */
  readonly file: string;
}

/** Undefined where there is no cache, and for what needs none: files, and images of a node's own daemon. */
export function cachedImage(job: Job): CachedImage | undefined {
  const { cluster, gpu } = job;
  const container = containerOf(job, cluster);
  if (cluster.image_cache === undefined || !container) return undefined;
  const image = readImage(container.image);
  if (image.kind !== 'registry') return undefined;
  const source = image.uri;
  return {
    source,
    file: `${cluster.image_cache.replace(/\/+$/, '')}/${fileName(source, gpuModel(gpu)?.arch)}`,
  };
}

/** What the steps give to pyxis, which puts `docker://` before what has no scheme. */
export function pyxisImage(job: Job, image: string): string {
  const reference = readImage(image);
  if (reference.kind !== 'registry') return image;
  const cached = image === job.container?.image ? cachedImage(job) : undefined;
  return cached?.file ?? reference.uri.slice('docker://'.length);
}

/** The file that an image is, where it is one. */
export function imageFile(image: string): string | undefined {
  const reference = readImage(image);
  return reference.kind === 'file' ? reference.path : undefined;
}

/** One short step before all others; what it needs to know is in its command. */
export function imageSteps(job: Job): readonly StepBody[] {
  const image = cachedImage(job);
  if (image === undefined) return [];
  const argv: readonly Arg[] = ['bash', [RUN_DIR, '/runtime/image.sh'], image.source, image.file];
  return [stepOf({ kind: 'image', argv, contained: false })];
}

/** The same registry, repository, tag and architecture give the same name: what people can read, and a hash of it all. */
function fileName(source: string, arch = 'any'): string {
  const readable = source
    .slice('docker://'.length)
    .replace(/^[^@/#]+@/, '')
    .replace(/[^A-Za-z0-9._-]/g, '+')
    .slice(-150);
  return `${readable}-${arch}-${fnv1a(source)}.sqsh`.replace(/^[.-]/, '+');
}

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/. It tells references apart, and proves nothing. */
export function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
