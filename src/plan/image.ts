import { gpuModel } from '../config/gpu.ts';
import type { Job } from '../config/job.ts';
import type { Step } from './plan.ts';
import { RUN_DIR } from './word.ts';

/** An image of a registry that the job imports into the site's cache, once for all nodes and jobs. */
export interface CachedImage {
  /** As enroot takes it: `docker://nvcr.io#nvidia/ai-dynamo/sglang-runtime:1.6.1`. */
  readonly source: string;
  /** A squashfs, which pyxis takes as it is. */
  readonly file: string;
}

/** Undefined where there is no cache, and for what needs none: files, and schemes other than `docker://`. */
export function cachedImage({ container, gpu, site }: Job): CachedImage | undefined {
  if (site.image_cache === undefined || site.container_runtime !== 'pyxis' || !container) return undefined;
  if (/^[./]|^(?!docker:)[a-z]+:\/\//.test(container.image)) return undefined;
  const source = enrootUri(container.image);
  return { source, file: `${site.image_cache.replace(/\/+$/, '')}/${fileName(source, gpuModel(gpu)?.arch)}` };
}

/** What the steps give to pyxis. */
export function pyxisImage(job: Job, image: string): string {
  return cachedImage(job)?.file ?? image;
}

/** One short step before all others; what it needs to know is in its command. */
export function imageSteps(job: Job): readonly Step[] {
  const image = cachedImage(job);
  if (image === undefined) return [];
  return [
    {
      name: 'image',
      kind: 'image',
      role: null,
      worker: null,
      nodes: [0],
      gpus: [],
      argv: ['bash', [RUN_DIR, '/image.sh'], image.source, image.file],
      env: {},
      secrets: {},
      ports: [],
      contained: false,
    },
  ];
}

/**
 * enroot 3 knows a registry by the `#` after it, and takes `nvcr.io/nvidia/x` for an image of Docker Hub
 * (https://github.com/NVIDIA/pyxis/issues/39); a digest it takes in the place of a tag only. enroot 4 knows these forms
 * too. As in Docker, a first part with a dot or a port is a registry; Docker Hub's own is enroot's default.
 */
function enrootUri(image: string): string {
  const [, named = '', digest] =
    /^(?:docker:\/\/)?(.*?)(?:(?::[^:/@#]+)?@(sha256:[0-9a-f]+))?$/s.exec(image) ?? [];
  const [, user = '', path = ''] = /^([^@/#]+@)?(.*)$/s.exec(named) ?? [];
  const ours = path.replace(/^(index\.)?docker\.io[/#]/, '');
  const place = ours.includes('#') ? ours : ours.replace(/^([^/]*[.:][^/]*|localhost)\//, '$1#');
  return `docker://${user}${place}${digest === undefined ? '' : `:${digest}`}`;
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
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
