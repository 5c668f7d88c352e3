import type { Job } from '../config/job.ts';
import { ROLES } from '../config/role.ts';
import { engineArgument } from '../config/sizing.ts';

/**
 * The folder to mount for a model at a path. The files of a snapshot in a Hugging Face cache are links to `../../blobs`, so
 * that its model's whole folder has to be there.
 */
export function modelMount(path: string): string {
  return /^(.*\/models--[^/]+)\/snapshots\/[^/]+\/*$/.exec(path)?.[1] ?? path;
}

/** What `look_at_model` of model.sh takes; undefined for a model that is not a path. */
export function modelCheck(job: Job): readonly string[] | undefined {
  const { path } = job.model;
  if (!path.startsWith('/')) return undefined;
  const dummy = ROLES.some((role) => {
    const config = job[role];
    return config && engineArgument(config, 'load-format') === 'dummy';
  });
  return [dummy ? 'dummy' : 'weights', path, ...mounted(job)];
}

/** Folders of the container that are the same inside and outside, where the model's links may lead. */
function mounted({ model, site, container }: Job): readonly string[] {
  if (!container || site.container_runtime !== 'pyxis') return [];
  const same = [...site.mounts, ...container.mounts].flatMap((mount) => {
    const [outside = '', inside] = mount.split(':');
    return outside === inside ? [outside] : [];
  });
  return [modelMount(model.path), ...same];
}
