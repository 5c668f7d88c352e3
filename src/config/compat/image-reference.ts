import type { Fault } from '../yaml/problem.ts';
import { quoted } from '../yaml/source-range.ts';

/** What a container image is, as pyxis and enroot see it. */
export type ImageReference =
  /** A squashfs on the nodes. */
  | { readonly kind: 'file'; readonly path: string }
  /** `uri` is enroot's: `docker://[USER@][REGISTRY#]IMAGE[:TAG]`. */
  | { readonly kind: 'registry'; readonly uri: string }
  /** An image of a daemon on each node: `dockerd://` or `podman://`. */
  | { readonly kind: 'daemon'; readonly uri: string };

/**
 * Reads a reference. pyxis takes what begins with `.` or `/` for a file, what has a scheme for enroot's, and all else for
 * `docker://` (https://github.com/NVIDIA/pyxis). enroot 3 knows a registry by the `#` after it, and takes `nvcr.io/nvidia/x`
 * for an image of Docker Hub (https://github.com/NVIDIA/pyxis/issues/39); a digest it takes in the place of a tag only.
 * enroot 4 knows these forms too. As in Docker, a first part with a dot or a port is a registry; Docker Hub's own is
 * enroot's default.
 */
export function readImage(image: string): ImageReference {
  if (/^[./]/.test(image)) return { kind: 'file', path: image };
  if (/^(?!docker:)[a-z]+:\/\//.test(image)) return { kind: 'daemon', uri: image };
  const [, named = '', digest] =
    /^(?:docker:\/\/)?(.*?)(?:(?::[^:/@#]+)?@(sha256:[0-9a-f]+))?$/s.exec(image) ?? [];
  const [, user = '', path = ''] = /^([^@/#]+@)?(.*)$/s.exec(named) ?? [];
  const ours = path.replace(/^(index\.)?docker\.io[/#]/, '');
  const range = ours.includes('#') ? ours : ours.replace(/^([^/]*[.:][^/]*|localhost)\//, '$1#');
  return { kind: 'registry', uri: `docker://${user}${range}${digest === undefined ? '' : `:${digest}`}` };
}

/** What would make pyxis or enroot refuse an image, or take it for another one; undefined where nothing is wrong. */
export function imageFault(image: string): Fault | undefined {
  const root = 'write an absolute path, such as /lustre/images/sglang.sqsh';
  if (/\s/.test(image))
    return { message: 'must not contain spaces', hint: 'write a .sqsh file or a registry reference' };
  if (image.startsWith('~'))
    return { message: `the "~" in ${quoted(image)} is not expanded on the nodes`, hint: root };
  if (/\$/.test(image.replace(/^(docker:\/\/)?\$\w+@/, '')))
    return { message: `the variable in ${quoted(image)} is not expanded on the nodes`, hint: root };
  const [, scheme] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(image) ?? [];
  if (scheme !== undefined && !SCHEMES.includes(scheme)) {
    return {
      message: `enroot does not support ${scheme}:// images`,
      hint: 'write an absolute path, REGISTRY/IMAGE:TAG, dockerd:// or podman://',
    };
  }
  const foreign = FOREIGN.exec(image)?.[0];
  if (foreign !== undefined) {
    return {
      message: `pyxis requires a squashfs image, but ${quoted(image)} is ${FORMATS[foreign] ?? 'an archive'}`,
      hint: 'convert its source image to a squashfs: `enroot import -o NAME.sqsh docker://REGISTRY#IMAGE:TAG`',
    };
  }
  if (image.startsWith('/')) {
    return image.endsWith('/')
      ? { message: 'is a folder, not an image', hint: 'name the .sqsh file in it' }
      : undefined;
  }
  if (image.startsWith('.') || (scheme === undefined && /\.(sqsh|sqfs|squashfs)$/.test(image))) {
    return {
      message: `is a relative path, but a job's working folder is its run folder: ${quoted(image)}`,
      hint: root,
    };
  }
  return registryFault(readImage(image));
}

const SCHEMES = ['docker', 'dockerd', 'podman'];
const FOREIGN = /\.(sif|simg|img|tar|tar\.gz|tgz|tar\.zst)$/;
const FORMATS: Readonly<Record<string, string>> = {
  '.sif': 'an Apptainer image',
  '.simg': 'a Singularity image',
};

/** enroot's own grammar: `docker::import` of src/docker.sh. */
function registryFault(reference: ImageReference): Fault | undefined {
  if (reference.kind === 'file') return undefined;
  const { kind, uri } = reference;
  const hint = 'write [USER@]REGISTRY/IMAGE:TAG, such as nvcr.io/nvidia/ai-dynamo/sglang-runtime:1.6.1';
  if (kind === 'daemon') {
    return /^[a-z]+:\/\/[A-Za-z0-9/._:-]+$/.test(uri)
      ? undefined
      : { message: 'is not a valid image name', hint };
  }
  const [, , , image = '', tag] = /^docker:\/\/([^@/#]+@)?([^#]+#)?([^:]*)(?::(.*))?$/s.exec(uri) ?? [];
  if (/[A-Z]/.test(image)) {
    return {
      message: `image names must be lowercase, and ${quoted(image)} is not`,
      hint: 'only the tag may contain uppercase letters',
    };
  }
  if (!/^[a-z0-9]([a-z0-9/._-]*[a-z0-9])?$/.test(image) || image.includes('//'))
    return { message: `${quoted(image)} is not a valid image name`, hint };
  if (tag !== undefined && !/^(\w[\w.-]{0,127}|sha256:[0-9a-f]{64})$/.test(tag))
    return { message: `${quoted(tag)} is neither a tag nor a digest`, hint };
  return undefined;
}
