/** What sbatch says when it refuses a job, and what to do about it. */
const HINTS: readonly (readonly [said: RegExp, hint: string])[] = [
  [
    /Invalid account|account\/partition combination|User's group not permitted|account.*not permitted/i,
    'see your accounts with `sacctmgr show assoc user=$USER format=account,partition,qos`, then set slurm.account',
  ],
  [/invalid partition/i, 'see the partitions with `sinfo -s`, then set slurm.partition'],
  [/time limit is invalid|Invalid --time/i, 'see the limits with `sinfo -o "%P %l"`, then lower slurm.time'],
  [
    /Node count specification invalid|More processors requested than permitted/i,
    'see the sizes with `sinfo -o "%P %D"`; the job asks for more nodes than the partition may give',
  ],
  [/Invalid feature/i, 'see the features with `sinfo -o "%P %f"`, then change slurm.constraint'],
  [
    /Invalid generic resource/i,
    'see how this site names its GPUs with `sinfo -o "%P %G"`, and set gpu_directive in the cluster profile',
  ],
  [
    /Memory (specification|required)/i,
    'this site refuses the memory request: set `memory_directive: false` in the cluster profile',
  ],
  [/reservation/i, 'see the reservations with `scontrol show reservation`, then change slurm.reservation'],
  [
    /invalid qos/i,
    'see your QOS with `sacctmgr show assoc user=$USER format=account,qos`, then set slurm.qos',
  ],
  [
    /Job violates accounting\/QOS policy|limit/i,
    'the job is over a limit of your account or QOS: see `sacctmgr show qos` and `sshare -U`, or ask for less',
  ],
  [/unrecognized option '--segment/, 'slurm.segment needs Slurm 24.05 or later'],
  [
    /unrecognized option|Invalid directive|invalid option/i,
    'this Slurm does not know the option: see slurm.directives and the cluster profile',
  ],
  [
    /node configuration is not available/i,
    'no node of the partition has what is asked: see `sinfo -o "%P %D %c %m %G"`',
  ],
  [/partition.*not available|is down/i, 'the partition is closed: see `sinfo -s`'],
  [/Access\/permission denied|Permission denied/i, 'you may not use what the job asks for; see `sinfo -s`'],
  [/Invalid license/i, 'see the licenses with `scontrol show licenses`'],
  [/Pathname .* too long/i, 'Slurm says this of a script over its size limit: lower the number of steps'],
];

/** What to do about a refusal, where its words are known. */
export function refusalHint(stderr: string): string | undefined {
  return HINTS.find(([said]) => said.test(stderr))?.[1];
}
