import * as z from 'zod';
import { secretTexts } from '../text/secret.ts';
import { directive, mount, mountablePath, name, text } from './fields.ts';

/** Linux keeps names of interfaces to 15 bytes. */
const network = z
  .string()
  .regex(
    /^(auto|[A-Za-z0-9_.:@*?-]{1,15}|(\d{1,3}\.){3}\d{1,3}\/([0-9]|[12][0-9]|3[0-2]))$/,
    'write the name of a network interface (ib0, or with * and ?), a subnet (10.0.0.0/16), or "auto"',
  );

/** Site facts: what differs between clusters, not between jobs. */
export const clusterProfile = z
  .strictObject({
    host: z
      .string()
      .regex(
        /^([A-Za-z0-9._][A-Za-z0-9._-]*@)?[A-Za-z0-9._][A-Za-z0-9._-]*$/,
        'write a login host as user@host or host',
      )
      .optional(),
    account: directive.optional(),
    partition: directive.optional(),
    interface: z
      .union([network, z.array(network).min(1)], {
        error: 'must be the name of a network interface, a subnet, "auto", or a list of them',
      })
      .default('auto')
      .meta({ title: 'text or list' }),
    gpu_directive: z.enum(['gpus-per-node', 'gres', 'none']).default('gpus-per-node'),
    gpu_type: z
      .string()
      .regex(/^[A-Za-z0-9_.-]+$/, "write a GPU type as in the cluster's gres.conf, such as h100")
      .optional(),
    memory_directive: z.boolean().default(true),
    container_runtime: z.enum(['pyxis', 'none']).default('pyxis'),
    shared_container: z.boolean().default(true),
    gpus_per_node: z.int().min(1).optional(),
    models: z.record(z.string(), mountablePath).default({}),
    images: z.record(z.string(), text).default({}),
    image_cache: mountablePath.refine((value) => value.startsWith('/'), 'write an absolute path').optional(),
    install_cache: z
      .strictObject({
        path: mountablePath.refine((value) => value.startsWith('/'), 'write an absolute path').optional(),
        group: z
          .string()
          .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'write the name of a group')
          .optional(),
      })
      .prefault({}),
    kernel_cache: z
      .union(
        [z.literal(false), mountablePath.refine((value) => value.startsWith('/'), 'write an absolute path')],
        { error: 'write an absolute path, or false' },
      )
      .optional()
      .meta({ title: 'absolute path, or false' }),
    mounts: z.array(mount).default([]),
    preamble: z.string().default(''),
    environment: z.enum(['clean', 'login', 'inherit']).default('clean'),
    slurm_bin: text.optional(),
    runs_dir: text.optional(),
    local_dir: mountablePath.default('/tmp'),
  })
  .superRefine((profile, context) => {
    for (const path of secretTexts(profile)) {
      const why =
        path[0] === 'preamble'
          ? 'which goes into job.sbatch and into every dry-run; read it from a file there, or name it in an `env` as {from_env: NAME}'
          : 'which a profile must not contain: its text goes into commands and files of the job';
      context.addIssue({
        code: 'custom',
        path: [...path],
        message: `looks like a secret, ${why}`,
        params: { conceal: true },
      });
    }
  })
  .describe('A cluster profile: what differs between clusters, in a file of its own.');

export const clusterName = name;

export type ClusterProfile = z.infer<typeof clusterProfile>;
