import { z } from 'zod';
import { directive, mountablePath, name, text } from './fields.ts';

/** Site facts: what differs between clusters, not between jobs. */
export const clusterProfile = z.strictObject({
  host: z
    .string()
    .regex(/^([A-Za-z0-9._-]+@)?[A-Za-z0-9._-]+$/, 'write a login host as user@host or host')
    .optional()
    .describe('Login node for ssh; without it, Slurm’s commands run here.'),
  account: directive.optional().describe('Default for slurm.account.'),
  partition: directive.optional().describe('Default for slurm.partition.'),
  interface: z
    .string()
    .regex(/^(auto|[A-Za-z0-9_.:@-]{1,15})$/, 'write the name of a network interface, or "auto"')
    .default('auto')
    .describe('Interface whose IPv4 address the services use; `auto`: that of the default route.'),
  gpu_directive: z
    .enum(['gpus-per-node', 'gres', 'none'])
    .default('gpus-per-node')
    .describe('How this site asks for GPUs.'),
  memory_directive: z
    .boolean()
    .default(true)
    .describe('Emit `--mem=0` with exclusive nodes; some sites refuse it.'),
  container_runtime: z
    .enum(['pyxis', 'none'])
    .default('pyxis')
    .describe('What runs images. `none`: workers run on the host even where a container is named.'),
  gpus_per_node: z.int().min(1).optional().describe('Where it differs from the GPU model’s usual count.'),
  models: z.record(z.string(), mountablePath).default({}).describe('Aliases for model.path.'),
  images: z.record(z.string(), text).default({}).describe('Aliases for container.image.'),
  mounts: z
    .array(z.string().regex(/^[^:,\n]+:[^:,\n]+(:(ro|rw))?$/, 'write a mount as HOST:CONTAINER'))
    .default([])
    .describe('Mounts of every container.'),
  preamble: z
    .string()
    .default('')
    .describe('Bash lines at the start of the job, such as `module load slurm`.'),
  slurm_bin: text.optional().describe('Folder of sbatch, srun and the others, where they are not on PATH.'),
  runs_dir: text
    .optional()
    .describe('Where run folders go; must be visible from all nodes. Default: ~/dyn-slurm-runs.'),
  local_dir: mountablePath.default('/tmp').describe('Node-local folder for etcd’s and NATS’ data.'),
});

export const clusterName = name.describe('Cluster profile; see docs/on-the-cluster.md.');

export type ClusterProfile = z.infer<typeof clusterProfile>;
