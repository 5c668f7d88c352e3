import * as z from 'zod';
import { mount, mountablePath, text } from './fields.ts';

export const model = z.strictObject({
  path: mountablePath
    .meta({ examples: ['/lustre/models/DeepSeek-R1', 'dsr1'] })
    .describe(
      'Folder of the model on the nodes, from the root of the file system; an alias from `models` of the cluster profile; or a name of the Hugging Face hub, for which `HF_HOME` in the `env` of workers and frontends names a cache. A snapshot in such a cache is mounted with the files that it links to.',
    ),
  served_name: text
    .optional()
    .meta({ examples: ['deepseek-ai/DeepSeek-R1'] })
    .describe('Name that clients ask for. Default: the topology’s, else the last part of the path.'),
});

export const container = z.strictObject({
  image: text
    .meta({
      examples: ['/lustre/images/dynamo-sglang.sqsh', 'nvcr.io#nvidia/ai-dynamo/sglang-runtime:1.6.1'],
    })
    .describe(
      'Image for pyxis: a .sqsh file by its path from the root, a registry reference such as REGISTRY/IMAGE:TAG (without a registry, Docker Hub’s), `dockerd://` or `podman://`, or an alias from `images` of the cluster profile.',
    ),
  mounts: z
    .array(mount)
    .default([])
    .describe(
      'Further mounts, HOST:CONTAINER[:ro]. The model’s folder and the run folder are mounted at their own paths anyway. Default: none.',
    ),
});
