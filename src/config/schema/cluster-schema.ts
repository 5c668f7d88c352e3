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
      .describe("Login node for ssh. Default: none, Slurm's commands run on this machine."),
    account: directive.optional().describe('Default of `slurm.account`.'),
    partition: directive.optional().describe('Default of `slurm.partition`.'),
    interface: z
      .union([network, z.array(network).min(1)], {
        error: 'must be the name of a network interface, a subnet, "auto", or a list of them',
      })
      .default('auto')
      .meta({ title: 'text or list', examples: ['ib0', ['ib0', 'bond*'], '10.0.0.0/16'] })
      .describe(
        "Network of the services, which listen on a node's IPv4 address on it: the name of an interface, a glob of names (the first match by name), or a subnet. Of a list, the first that a node has is used. `auto` uses the network of the default route. Default: auto.",
      ),
    gpu_directive: z
      .enum(['gpus-per-node', 'gres', 'none'])
      .default('gpus-per-node')
      .describe(
        'How to request GPUs on this cluster: `--gpus-per-node`, `--gres=gpu:N`, or not at all; a config may then request them in `slurm.directives`. Default: gpus-per-node.',
      ),
    gpu_type: z
      .string()
      .regex(/^[A-Za-z0-9_.-]+$/, "write a GPU type as in the cluster's gres.conf, such as h100")
      .optional()
      .meta({ examples: ['h100'] })
      .describe(
        'GPU type to request, `gpu:h100:8` instead of `gpu:8`, if the cluster requires it; `sinfo -o %G` lists types. Default: none.',
      ),
    memory_directive: z
      .boolean()
      .default(true)
      .describe(
        'Request all memory (`--mem=0`) with exclusive nodes; some clusters refuse it. Default: true.',
      ),
    container_runtime: z
      .enum(['pyxis', 'none'])
      .default('pyxis')
      .describe(
        'Container runtime; with `none`, workers run on the host even if the config names a container. Default: pyxis.',
      ),
    shared_container: z
      .boolean()
      .default(true)
      .describe(
        'Use one container per node for all steps, created from the image once and removed at the end (`--container-name`, pyxis 0.14.0 or later). If false, each step creates its own container, as earlier releases of pyxis require. Default: true.',
      ),
    gpus_per_node: z
      .int()
      .min(1)
      .optional()
      .describe('Number of GPUs per node, if it is not the usual number for the GPU model.'),
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
      .refine((value) => value.startsWith('/'), 'write an absolute path')
      .optional()
      .meta({ examples: ['/lustre/images'] })
      .describe(
        'Folder on a shared file system into which a job imports its registry image once for all nodes and jobs. It must be owned by you or root, and have the sticky bit if others can write to it. Default: none, pyxis imports the image on every node.',
      ),
    mounts: z
      .array(mount)
      .default([])
      .describe('Mounts of every container, HOST:CONTAINER[:ro]. Default: none.'),
    preamble: z
      .string()
      .default('')
      .meta({ examples: ['module load slurm\n'] })
      .describe('Bash code at the start of the job script. Default: none.'),
    environment: z
      .enum(['clean', 'login', 'inherit'])
      .default('clean')
      .describe(
        'Environment in which the job script starts: `clean`, a few variables of the submitting shell such as HOME and PATH; `login`, the same plus the login files of the head node; `inherit`, all variables of the submitting shell (over ssh, the same as `clean`). Default: clean.',
      ),
    slurm_bin: text
      .optional()
      .describe(
        "Folder of sbatch, srun and Slurm's other commands; a relative path starts at your home directory. Default: they are found on PATH.",
      ),
    runs_dir: text
      .optional()
      .describe(
        'Folder for run folders, shared by all nodes; a relative path starts at your home directory. Default: ~/dyn-slurm-runs.',
      ),
    local_dir: mountablePath
      .default('/tmp')
      .describe(
        'Node-local folder for the data of etcd and NATS; must not be on a network file system. Default: /tmp.',
      ),
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
