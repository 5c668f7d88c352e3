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
      .optional()
      .meta({ examples: ['me@login.example.org'] })
      .describe('Login node for ssh. Default: none, Slurm’s commands run on this machine.'),
    account: directive.optional().describe('Default for `slurm.account`.'),
    partition: directive.optional().describe('Default for `slurm.partition`.'),
    interface: z
      .union([network, z.array(network).min(1)], {
        error: 'must be the name of a network interface, a subnet, "auto", or a list of them',
      })
      .default('auto')
      .meta({ title: 'text or list', examples: ['ib0', ['ib0', 'bond*'], '10.0.0.0/16'] })
      .describe(
        'Network of the services, which use a node’s IPv4 address on it: the name of an interface, a glob of names (the first by name), or a subnet; of a list the first that a node has. `auto` takes the default route’s. Default: auto.',
      ),
    gpu_directive: z
      .enum(['gpus-per-node', 'gres', 'none'])
      .default('gpus-per-node')
      .describe(
        'How this site asks for GPUs: `--gpus-per-node`, `--gres=gpu:N`, or not at all; then a config may ask in its own way, in `slurm.directives`. Default: gpus-per-node.',
      ),
    gpu_type: z
      .string()
      .regex(/^[A-Za-z0-9_.-]+$/, 'write a GPU type as the site’s gres.conf has it, such as h100')
      .optional()
      .meta({ examples: ['h100'] })
      .describe(
        'GPU type to ask for, `gpu:h100:8` instead of `gpu:8`, where a site wants it; `sinfo -o %G` lists types. Default: none.',
      ),
    memory_directive: z
      .boolean()
      .default(true)
      .describe('Ask for all memory (`--mem=0`) with exclusive nodes; some sites refuse it. Default: true.'),
    container_runtime: z
      .enum(['pyxis', 'none'])
      .default('pyxis')
      .describe(
        'What runs images; `none` runs workers on the host even where a container is named. Default: pyxis.',
      ),
    shared_container: z
      .boolean()
      .default(true)
      .describe(
        'One container on each node for all its steps, unpacked from the image once and removed at the end (`--container-name` of pyxis 0.14.0 or later). `false`: each step unpacks the image for itself, as older releases of pyxis need it. Default: true.',
      ),
    gpus_per_node: z
      .int()
      .min(1)
      .optional()
      .describe('GPUs of a node, where it is not the usual number for the GPU model.'),
    models: z
      .record(z.string(), mountablePath)
      .default({})
      .meta({ examples: [{ dsr1: '/lustre/models/DeepSeek-R1' }] })
      .describe('Aliases for `model.path`. Default: none.'),
    images: z
      .record(z.string(), text)
      .default({})
      .meta({ examples: [{ dynamo: '/lustre/images/dynamo-sglang.sqsh' }] })
      .describe('Aliases for `container.image`. Default: none.'),
    image_cache: mountablePath
      .refine((value) => value.startsWith('/'), 'write a path from the root of the file system')
      .optional()
      .meta({ examples: ['/lustre/images'] })
      .describe(
        'Folder that all nodes see, into which a job imports the image of a registry once for all; yours or root’s, and sticky where others can write to it. Default: none, pyxis imports it on every node.',
      ),
    mounts: z
      .array(mount)
      .default([])
      .describe('Mounts of every container, HOST:CONTAINER[:ro]. Default: none.'),
    preamble: z
      .string()
      .default('')
      .meta({ examples: ['module load slurm\n'] })
      .describe('Bash lines at the start of the job script. Default: none.'),
    environment: z
      .enum(['clean', 'login', 'inherit'])
      .default('clean')
      .describe(
        'What the job script starts from: `clean`, a few variables of the submitting shell such as HOME and PATH; `login`, the same, and the login files of the head node; `inherit`, all that the submitting shell has (over ssh as `clean`). Default: clean.',
      ),
    slurm_bin: text
      .optional()
      .describe(
        'Folder of sbatch, srun and the others; a relative path is meant from your home. Default: they are found on PATH.',
      ),
    runs_dir: text
      .optional()
      .describe(
        'Folder for run folders; all nodes must see it; a relative path is meant from your home. Default: ~/dyn-slurm-runs.',
      ),
    local_dir: mountablePath
      .default('/tmp')
      .describe('Node-local folder for etcd’s and NATS’ data; never a network file system. Default: /tmp.'),
  })
  .superRefine((profile, context) => {
    for (const path of secretTexts(profile)) {
      const why =
        path[0] === 'preamble'
          ? 'which goes into job.sbatch and into every dry-run; read it from a file there, or name it in an `env` as {from_env: NAME}'
          : 'which no profile may hold: its text goes into commands and files of the job';
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
