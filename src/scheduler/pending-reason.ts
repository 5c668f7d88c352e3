import data from './pending-reasons.json' with { type: 'json' };

/** Why Slurm keeps a job waiting, for people. */
export interface PendingReason {
  readonly text: string;
  /** What to do; JOB stands for the job's number. */
  readonly next: string;
}

/** `says`: a regular expression, without regard to case, for the beginning of a reason; the first that fits counts. */
export const PENDING_REASONS: readonly (PendingReason & { readonly says: string })[] = data;

const COMPILED = PENDING_REASONS.map((reason) => ({
  ...reason,
  said: new RegExp(`^(?:${reason.says})`, 'i'),
}));

const UNKNOWN: PendingReason = {
  text: 'a reason unknown to dyn-slurm',
  next: '`scontrol show job JOB` shows more; the administrators know what it means here',
};

/**
 * Explains a reason of squeue's. All that Slurm 20.11 to 26.05 can say of a waiting job:
 * https://slurm.schedmd.com/job_reason_codes.html and src/common/job_state_reason.c; what slurmctld or a site writes in
 * its place, with spaces or underscores, too. Undefined where there is none.
 */
export function explainPending(reason: string, job: string): PendingReason | undefined {
  const bare = reason.replace(/^\(|\)$/g, '').trim();
  if (bare === '' || bare === 'None') return undefined;
  const plain = bare.replaceAll('_', ' ');
  const { text, next } =
    COMPILED.find(({ said }) => said.test(plain)) ?? explainLimit(bare.replaceAll(/[_ ]/g, '')) ?? UNKNOWN;
  return { text, next: next.replaceAll('JOB', job) };
}

/** What a limit counts, in the names of reasons; the first that fits counts. */
const RESOURCES: readonly (readonly [name: RegExp, words: string])[] = [
  [/^SubmitJobs?/i, 'submitted jobs'],
  [/^Jobs?/i, 'running jobs'],
  [/^Wall(Duration)?/i, 'time'],
  [/^(GRES|Gpus?)/i, 'GPUs or other GRES'],
  [/^Cpus?/i, 'CPUs'],
  [/^Mem(ory)?/i, 'memory'],
  [/^Nodes?/i, 'nodes'],
  [/^License/i, 'licenses'],
  [/^BB/i, 'burst buffers'],
  [/^Energy/i, 'energy'],
  [/^Billing/i, 'billing units'],
  [/^(Unknown|Resource|Time)?/i, 'a resource'],
];

const LESS = 'request less, or cancel it and submit with another partition, account or QOS';

/**
 * Explains the name of a limit: `QOSMaxGRESPerUser`, `AssocGrpCPUMinutesLimit`, `MaxCpuRunMinsPerAccount`. Undefined for a
 * name of another kind.
 */
function explainLimit(name: string): PendingReason | undefined {
  const [, owner = '', kind, rest = ''] = /^(QOS|Assoc|Association)?(Grp|Max|Min)(.*)$/i.exec(name) ?? [];
  if (kind === undefined) return oldLimit(name);
  const resource = RESOURCES.find(([said]) => said.test(rest));
  const what = resource?.[1] ?? 'a resource';
  const whose = whoseLimit(owner, rest);
  const look = /^A/i.test(owner)
    ? '`sshare -U` and `sacctmgr show assoc user=$USER`'
    : '`sacctmgr show qos` and `sshare -U`';
  if (/^Min/i.test(kind)) {
    return {
      text: `it requests fewer ${what} than ${whose} requires`,
      next: `it will never start: request more, or cancel it and submit with another QOS; ${look} show the limits`,
    };
  }
  if (/Run ?Min(ute)?s/i.test(rest)) {
    return {
      text: `${whose} has too much running: its jobs' ${what} × the time that they have left is at a limit`,
      next: `it starts as running jobs end, sooner with a shorter slurm.time; ${look} show the limits`,
    };
  }
  if (/Min(ute)?s/i.test(rest) && /PerJob/i.test(rest)) {
    return {
      text: `it requests more ${what} × time than ${whose} allows for one job`,
      next: `it will never start: lower slurm.time or the number of nodes; ${look} show the limits`,
    };
  }
  if (/Min(ute)?s/i.test(rest) || (/^Grp/i.test(kind) && what === 'time')) {
    return {
      text: `${whose} has used up its ${what === 'time' ? 'time' : `${what} × time`}`,
      next: `waiting for other jobs does not help: it starts only when the usage decays, or the administrators raise the limit; use another account or QOS; ${look} show the usage`,
    };
  }
  if (/Per(Job|Node)/i.test(rest) || (/^Max/i.test(kind) && what === 'time')) {
    return {
      text: `it requests more ${what} than ${whose} allows for one ${/PerNode/i.test(rest) ? 'node' : 'job'}`,
      next: `it will never start: ${LESS}; ${look} show the limits`,
    };
  }
  if (/^Max/i.test(kind)) {
    return {
      text: `${whose} is at a limit of ${what}`,
      next: `it starts when ${/PerAcc/i.test(rest) ? 'other jobs of the account' : 'your other jobs'} end, or ${LESS}; ${look} show the limits`,
    };
  }
  return {
    text: `the jobs of ${whose} are at a limit of ${what}`,
    next: `it starts when some of those jobs end, or ${LESS}; ${look} show the limits`,
  };
}

function whoseLimit(owner: string, rest: string): string {
  if (/PerAcc/i.test(rest)) return 'your account in the QOS';
  if (/PerUser/i.test(rest)) return 'your user in the QOS';
  if (/^A/i.test(owner)) return 'your account or user';
  return 'your QOS';
}

/** Names of old releases: `AssociationJobLimit`, `QOSTimeLimit`. */
function oldLimit(name: string): PendingReason | undefined {
  const [, owner = ''] = /^(QOS|Association|Assoc)\w*Limit$/i.exec(name) ?? [];
  if (owner === '') return undefined;
  return {
    text: `${/^A/i.test(owner) ? 'your account or user' : 'your QOS'} is at a limit`,
    next: `it starts when other jobs end, or ${LESS}; \`sacctmgr show qos\` and \`sshare -U\` show the limits`,
  };
}
