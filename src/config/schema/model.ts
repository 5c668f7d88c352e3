import * as z from 'zod';
import { mount, mountablePath, text } from './fields.ts';

export const model = z.strictObject({
  path: mountablePath
    .meta({ examples: ['/lustre/models/DeepSeek-R1', 'dsr1'] })
    .describe(
      'Folder of the model on the nodes, as an absolute path; an alias from `models` of the cluster profile; or a Hugging Face model ID. For a model ID, set `HF_HOME` in the `env` of workers and frontends to a cache. A snapshot in such a cache is mounted together with the files that it links to.',
    ),
  served_name: text
    .optional()
    .meta({ examples: ['deepseek-ai/DeepSeek-R1'] })
    .describe("Model name that clients request. Default: the topology's, else the last part of the path."),
});

export const container = z.strictObject({
  image: text
    .meta({
      examples: ['/lustre/images/dynamo-sglang.sqsh', 'nvcr.io#nvidia/ai-dynamo/sglang-runtime:1.6.1'],
    })
    .describe(
      'Image for pyxis: an absolute path of a .sqsh file, a registry reference such as REGISTRY/IMAGE:TAG (Docker Hub if no registry is given), a `dockerd://` or `podman://` image, or an alias from `images` of the cluster profile.',
    ),
  mounts: z
    .array(mount)
    .default([])
    .describe(
      'Additional mounts, HOST:CONTAINER[:ro]. The model folder and the run folder are always mounted, at their own paths. Default: none.',
    ),
});
