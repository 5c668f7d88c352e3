import { describe, expect, test } from 'vitest';
import { refusalHint } from '../../../src/scheduler/refusal.ts';
import { RELEASES, recorded } from './recorded.ts';

describe.each(RELEASES)('Slurm %s', (release) => {
  test.each([
    ['partition', 'see the partitions with `sinfo -s`, then set slurm.partition'],
    ['constraint', 'see the features with `sinfo -o "%P %f"`, then change slurm.constraint'],
    ['gres', 'no node of the partition has what is asked: see `sinfo -o "%P %D %c %m %G"`'],
    ['memory', 'this site refuses the memory request: set `memory_directive: false` in the cluster profile'],
    ['reservation', 'see the reservations with `scontrol show reservation`, then change slurm.reservation'],
    ['time', 'see the limits with `sinfo -o "%P %l"`, then lower slurm.time'],
    ['bad-time', 'see the limits with `sinfo -o "%P %l"`, then lower slurm.time'],
    [
      'nodes',
      'see the sizes with `sinfo -o "%P %D"`; the job asks for more nodes than the partition may give',
    ],
    ['license', 'see the licenses with `scontrol show licenses`'],
    ['pyxis', 'this Slurm does not know the option: see slurm.directives and the cluster profile'],
  ])('%s', (name, hint) => {
    expect(refusalHint(recorded(release, `refused-${name}.stderr`) ?? '')).toBe(hint);
  });
});

test.each(['20.11.4', '22.05.8'])('Slurm %s knows no segments', (release) => {
  expect(refusalHint(recorded(release, 'refused-segment.stderr') ?? '')).toBe(
    'slurm.segment needs Slurm 24.05 or later',
  );
});

test('GPUs by a name that the site does not know', () => {
  const stderr = 'sbatch: error: Batch job submission failed: Invalid generic resource (gres) specification';
  expect(refusalHint(stderr)).toBe(
    'see how this site names its GPUs with `sinfo -o "%P %G"`, and set gpu_directive in the cluster profile',
  );
});

test('words that are not known get no hint', () => {
  expect(refusalHint('sbatch: error: the moon is in the wrong house')).toBeUndefined();
});

test('a plugin of the site speaks first', () => {
  expect(refusalHint(recorded('22.05.8', 'refused-plugin.stderr') ?? '')).toMatch(
    /^lower slurm.time or the number of nodes/,
  );
});

/** What ten sites said. */
test.each([
  [
    `bank_limit plugin: The requested time can not exceed the available balance.
Requested SUs: 19
Allocation available group SUs: 29
sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)`,
    /^lower slurm.time or the number of nodes, or set another slurm.account/,
  ],
  [
    `A comment that names the purpose is required: --comment
sbatch: error: Batch job submission failed: Unspecified error`,
    /slurm.directives: \{comment: TEXT\}/,
  ],
  [
    `CPU count per node can not be satisfied
sbatch: error: Batch job submission failed: Requested node configuration is not available`,
    /cpus-per-task/,
  ],
  [
    'Batch job submission failed: Requested partition configuration not available now',
    /scontrol show partition/,
  ],
  [
    `--exclusive is not allowed in this partition
sbatch: error: Batch job submission failed: Unspecified error`,
    /slurm.exclusive: false/,
  ],
  [
    `Cannot find GPU specification, you may not submit a job not requesting GPUs in a GPU partition, partition: hopper
sbatch: error: Batch job submission failed: Unspecified error`,
    /gpu_directive/,
  ],
  [
    'Batch job submission failed: Requested GRES option unsupported by configured SelectType plugin',
    /gpu_directive: gres/,
  ],
  ['SLURM_MEM_PER_CPU, SLURM_MEM_PER_GPU, and SLURM_MEM_PER_NODE are mutually exclusive.', /unset SLURM_\*/],
  [
    'cpus-per-task set by two different environment variables SLURM_CPUS_PER_TASK=1 != SLURM_TRES_PER_TASK=cpu=2',
    /unset SLURM_\*/,
  ],
  ['Batch job submission failed: Invalid Trackable RESource (TRES) specification', /scontrol show config/],
  ['Batch job submission failed: Invalid wckey specification', /\{wckey: NAME\}/],
  [
    `ERROR: Project proj42 has exhausted its allocation of GPU-hours
sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)`,
    /^lower slurm.time or the number of nodes/,
  ],
  [
    `You must specify an account with -A
sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified`,
    /slurm.account/,
  ],
  [
    `Jobs in this partition must request whole nodes
sbatch: error: Batch job submission failed: Unspecified error`,
    /slurm.exclusive at true/,
  ],
  [
    `lua: the stars are wrong
sbatch: error: Batch job submission failed: Unspecified error`,
    /^a rule of the cluster refuses the job/,
  ],
  [
    `Please specify a project with --account (see 'projects')
sbatch: error: Batch job submission failed: Unspecified error`,
    /slurm.account/,
  ],
  [
    `You have exceeded your storage quota on /scratch. Job submission is blocked.
sbatch: error: Batch job submission failed: Unspecified error`,
    /^delete files/,
  ],
  [
    `constraint is mandatory: -C gpu or -C cpu
sbatch: error: Batch job submission failed: Job request does not match any supported policy`,
    /slurm.constraint/,
  ],
  [
    `Please load the slurm module
sbatch: error: Batch job submission failed: Job request does not match any supported policy.`,
    /^a rule of the cluster refuses the job/,
  ],
  [
    `Wrong number of cpus per GPU: request at most 12 cores per GPU
sbatch: error: Batch job submission failed: Unspecified error`,
    /cpus-per-task/,
  ],
  [
    `The email address is invalid, use --mail-user
sbatch: error: Batch job submission failed: Unspecified error`,
    /slurm.directives/,
  ],
  [
    `--> Verifying that quota for filesystem /home1 is at 2.5% allocated...OK
--> Verifying access to desired queue (h100)...OK
--> Checking available allocation (TG-1)...FAILED
ERROR: your project TG-1 has expired
sbatch: error: Batch job submission failed: Unspecified error`,
    /^lower slurm.time or the number of nodes/,
  ],
  [
    `A Quality of Service (QoS) has not been provided
sbatch: error: Batch job submission failed: Unspecified error`,
    /^see your QOS/,
  ],
  [
    `The \`gpu-a100\` partition accepts the following QoS values: \`normal, long\`
sbatch: error: Batch job submission failed: Unspecified error`,
    /^see your QOS/,
  ],
  [
    `Logical queue gpu_shared requires you to request 32.0 cores
per GPU, job requested 4 cores (adjusted for memory) for 1 GPUs
sbatch: error: Batch job submission failed: Unspecified error`,
    /cpus-per-task/,
  ],
  [
    `Your job doesn't specify the amount of memory per-cpu
sbatch: error: Batch job submission failed: Unspecified error`,
    /slurm.directives: \{mem: AMOUNT\}/,
  ],
  [
    `Job aborted, your project ran out of CPU quota.
sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)`,
    /^lower slurm.time or the number of nodes/,
  ],
  [
    `All GPU jobs are limited to 1 node. Please reschedule your job using \`--nodes=1\`.
sbatch: error: Batch job submission failed: Unspecified error`,
    /^see the sizes/,
  ],
  [
    `A list of \`gres\` options is currently not permitted.
sbatch: error: Batch job submission failed: Unspecified error`,
    /^set `gpu_directive`/,
  ],
  [
    `*** Error partition 'h200_x' is not valid for this job
sbatch: error: *** Error: CPU job setup is not valid`,
    /^compare with `scontrol show partition NAME`/,
  ],
  [
    `You requested 245760M RAM, but only 1 GPUs. For 1 GPUs, please only request MAX 234842M RAM
sbatch: error: Batch job submission failed: Unspecified error`,
    /memory_directive/,
  ],
  [
    `You cannot use this account to submit this job.
sbatch: error: Please use one of the following accounts:
sbatch: error:   RAS default accounts: def-a,
sbatch: error:           RAC accounts:
sbatch: error: Batch job submission failed: Unspecified error`,
    /slurm\.account/,
  ],
  [
    `Batch job submission failed: Unspecified error
sbatch: error: ----------------------------------------
sbatch: error: You are associated with multiple _gpu allocations...
sbatch: error: Please specify one of the following accounts to submit this job:
sbatch: error:   RAS default accounts: def-a, def-b,
sbatch: error: Use the parameter --account=desired_account when submitting your job`,
    /slurm\.account/,
  ],
  [
    `You have requested too much time or specified no time limit for your job to run on a partition.
               Maximum for partition 'testing' is 120 minutes and you requested 180 minutes
sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)`,
    /slurm\.time/,
  ],
  [
    `You must include an RT Project with the -A flag to this command.
               Please see https://kb.example.edu/d/bihc
sbatch: error: Batch job submission failed: Unspecified error`,
    /slurm\.account/,
  ],
  [
    `You asked for HSW24 nodes which are no more available on OCCIGEN since (3/1/2022). Ask BDW28 instead and eventually adapt you scripts to submit new jobs.
sbatch: error: Batch job submission failed: Unspecified error`,
    /slurm\.constraint/,
  ],
  [
    `You are submitting a job to a non-AI partition while
using an AI allocation. Please use --partition=ai. This job has been
rejected.
sbatch: error: Batch job submission failed: Unspecified error`,
    /slurm\.partition/,
  ],
  [
    `You must specify an -a/--account
sbatch: error: Batch job submission failed: Unspecified error`,
    /slurm\.account/,
  ],
  [
    `Req GPUs: 0
sbatch: error: ERROR: Jobs must request at least 1 GPU, use -G <num> or --gpus <num> or --gres=gpu:<num>.
sbatch: error: Job submit/allocate failed: Unspecified error`,
    /^set `gpu_directive`/,
  ],
  [
    `Job cost is estimated at 1200.00 NERSC-Hours, your balance is 30.00 NERSC-Hours (Repo: 30.00 NERSC-Hours). Cannot proceed, please see https://docs.example.gov/jobs/policy/ for your options to run this job.
sbatch: error: Job submit/allocate failed: Unspecified error`,
    /^lower slurm.time or the number of nodes/,
  ],
  [
    `Errors in job submission:
sbatch: error: ERROR 1: Invalid project.
sbatch: error: Use the flag -A to specify an active project with allocation on this cluster.
sbatch: error: Batch job submission failed: Unspecified error`,
    /slurm\.account/,
  ],
  [
    `The cpu demand is lower than 48. Please submit to huge or cpu partition.
sbatch: error: Batch job submission failed: Unspecified error`,
    /cpus-per-task/,
  ],
  [
    `Job request does not match any supported policy.
sbatch: error: Batch job submission failed: Unspecified error`,
    /^a rule of the cluster refuses the job/,
  ],
  [
    `CPU/RAM policy: requested 8 CPUs exceeds 6 CPUs on server2 for 1 GPU(s)
sbatch: error: Batch job submission failed: Unspecified error`,
    /cpus-per-task/,
  ],
  [
    `CPU 超限: 每 GPU 对应 CPU 不能超过 12 核
sbatch: error: 申请核数：32 ；申请卡数: 1 (每卡 32 核)
sbatch: error: Batch job submission failed: Unspecified error`,
    /cpus-per-task/,
  ],
  [
    `Your budget is running low. If there is insufficient budget to start your job, it will get cancelled.
sbatch: error: Batch job submission failed: Invalid partition name specified`,
    /slurm\.partition/,
  ],
  [
    `Your account has exceeded a file system quota and is not permitted to submit batch jobs.
sbatch: error: Job submit/allocate failed: Unspecified error`,
    /^delete files/,
  ],
  [
    `Job submission rejected: Batch jobs cannot use the \`interactive_*\` partitions.
allocation failure: Unspecified error`,
    /slurm\.partition/,
  ],
  [
    `job memory limit for shared nodes exceeded. Must be <= 120000 MB
sbatch: error: Batch job submission failed: Invalid feature specification`,
    /memory_directive/,
  ],
  ['--gpus-per-task is mutually exclusive with --gpus-per-node', /in two ways|leave gpus, gpus-per-task/],
  ['Cannot use both --gpus and --gpus-per-node', /leave gpus, gpus-per-task/],
  ['--mem-per-gpu can not be used with --mem', /memory_directive/],
])("the site's own words come first: %s", (stderr, hint) => {
  expect(refusalHint(`sbatch: error: ${stderr}`)).toMatch(hint);
});

test.each([
  ['Batch job submission failed: Unable to contact slurm controller (connect failure)', /scontrol ping/],
  ['Batch job submission failed: Socket timed out on send/recv operation', /squeue --me/],
  [
    `resolve_ctls_from_dns_srv: res_nsearch error: Unknown host
sbatch: error: fetch_config: DNS SRV lookup failed
sbatch: fatal: Could not establish a configuration source`,
    /login node of the cluster/,
  ],
  [
    's_p_parse_file: unable to status file /etc/slurm/slurm.conf: No such file or directory, retrying in 1sec up to 60sec',
    /SLURM_CONF/,
  ],
  [
    `spank: required plugin spank_pyxis.so: local_user_init() failed with rc=-1
sbatch: error: Failure in local plugin stack`,
    /^the words name the plugin/,
  ],
  [
    'plugin_load_from_file: dlopen(/usr/lib64/slurm/spank_pyxis.so): cannot open shared object file: No such file or directory',
    /^the words name the plugin/,
  ],
  [
    `spank: x11.so: Plugin file not found
sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified`,
    /^see your accounts/,
  ],
  ['spank: x11.so: Plugin file not found', /^the words name the plugin/],
  ['Invalid numeric value "abc" for --gpus-per-node.', /does not know the option/],
  ['Unable to open file job.sh', /runs_dir/],
  ['Job allocation 123 has been revoked.', /sacct/],
])('what ails the machine that submits, or Slurm itself: %s', (stderr, hint) => {
  expect(refusalHint(`sbatch: error: ${stderr}`)).toMatch(hint);
});

/** src/common/slurm_errno.c, what sbatch and salloc can end with. */
test.each([
  'Unspecified error',
  'Invalid partition name specified',
  'No partition specified or system default partition',
  'Access/permission denied',
  "User's group not permitted to use this partition",
  'Requested nodes not in this partition',
  'More processors requested than permitted',
  'Node count specification invalid',
  'MaxJobCount limit reached',
  'Job size specification needs to be provided',
  'Job script not specified',
  'Invalid user id',
  'Pathname of a file, directory or other parameter too long',
  'Immediate execution impossible, insufficient priority',
  'Requested node configuration is not available',
  'Requested partition configuration not available now',
  'Requested nodes are busy',
  'Invalid node name specified',
  'I/O error writing script/environment to file',
  'Error configuring interconnect',
  'Task distribution specification invalid',
  'Task count specification invalid',
  'Error generating job credential',
  'Slurm backup controller in standby mode',
  'Invalid feature specification',
  'Immediate execution impossible, resources too fragmented for allocation',
  'Requested operation not supported on this system',
  'Requested operation is presently disabled',
  'Job dependency problem',
  'Only batch jobs are accepted or processed',
  'Licenses currently unavailable',
  'Job is in held state, pending scheduler release',
  'Memory required by task is not available',
  'Invalid account or account/partition combination specified',
  'Invalid qos specification',
  'Invalid wckey specification',
  'Invalid license specification',
  "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
  'Requested time limit is invalid (missing or exceeds some limit)',
  'Access denied to requested reservation',
  'Requested reservation is invalid',
  'Invalid time specified',
  'Requested reservation is in use',
  'Requested reservation not usable now',
  'Required ports are in use',
  'Requires more ports than can be reserved',
  'Job steps can not be run on this cluster',
  'Job cannot be submitted without the current working directory specified.',
  'QOS Preemption loop detected',
  'Required node not available (down, drained or reserved)',
  'CPU count specification invalid',
  'Required partition not available (inactive or drain)',
  'Circular job dependency',
  'Invalid generic resource (gres) specification',
  'Requested account has breached requested QOS usage threshold',
  'Partition is in use',
  'Job can not start immediately',
  'Invalid job array specification',
  'Slurm internal error, contact system administrator',
  'Burst Buffer permission denied',
  'Burst Buffer resource limit exceeded',
  'Burst Buffer request invalid',
  'Invalid mcs_label specified',
  'Partition in DOWN state',
  'Duplicate generic resource (gres) specification',
  'System submissions disabled',
  'X11 forwarding not available',
  'Invalid group id',
  'Job --batch option is invalid or not a subset of --constraint',
  'Invalid Trackable RESource (TRES) specification',
  'Job can not start due to maintenance reservation.',
  'Invalid GRES specification (with and without type identification)',
  'Multiple KNL NUMA and/or MCDRAM constraints require use of a heterogeneous job',
  'Requested GRES option unsupported by configured SelectType plugin',
  'Invalid --nice value',
  "Invalid time-min specification (exceeds job's time or other limits)",
  'Immediate execution impossible. Individual job submission scheduling attempts deferred',
  'Environment is missing in job',
  'Multiple partition job request not supported when a partition is set in the association',
  'Controller is in standby mode, try a different controller',
  'Cannot request more threads per core than the job allocation',
  'Invalid preferred feature specification',
  'Insufficient GRES available in allocation',
  'Invalid container id specified',
  'Invalid group ID',
  'Unable to resolve group ID to group name',
  'Invalid user ID',
  'Unable to resolve user ID to user name',
  'Invalid or unknown association',
  'Invalid QOS specification, relative QOS can only be used in a single partition per cluster.',
  'Invalid extra constraints specification',
  'RestrictedCoresPerGPU: Not enough unique cores per GPU',
  'RestrictedCoresPerGPU: Missing core topology for GPUs',
  'RestrictedCoresPerGPU: No GPUs configured on node',
  'Max powered up nodes reached',
  'Requested topology configuration is not available',
  'Preemption is required but is disabled on this system',
  'Unable to load file for reading',
  'Required nodes lack available resources',
  'Required nodes do not fit topology',
  'No suitable topology unit found',
  'No suitable topology unit found for segment',
  'Insufficient resources in topology unit',
  'Weight-based selection could not satisfy request within topology unit',
  'Exceeded maximum node limit during topology allocation',
  'No available nodes in topology',
  'Spank plugin failure, job failed',
  'Invalid authentication credential',
  'Authentication credential expired',
  'Rejecting authentication of user nobody or group nobody',
  'Protocol authentication error',
  'Incompatible versions of client and server code',
  'Invalid cluster feature specification',
  'Invalid cluster name',
  'Rate limit exceeded, please retry momentarily',
  'Rate limit exceeded, please retry later',
  'Slurmd could not set UID or GID',
  'Job prolog failed',
])("Slurm's own reason has a next step: %s", (reason) => {
  expect(refusalHint(`sbatch: error: Batch job submission failed: ${reason}\n`)).toMatch(/^\S.*[^.]$/);
});
