import { type Call, Refusal } from './call.ts';
import { compressHostlist, expandHostlist } from './hostlist.ts';
import { jobDescription } from './job-description.ts';
import { isFinished } from './job-record.ts';
import { isRemembered, listJobs, readJob } from './job-store.ts';
import { ask } from './mailbox.ts';
import { topologyText } from './topology.ts';

/** Of scontrol: ping, show hostnames, show hostlist, show topology, show job, hold, release. */
export async function scontrol(call: Call): Promise<number> {
  const oneLine = call.args.some((word) => word === '-o' || word === '--oneliner');
  const [verb = '', ...words] = call.args.filter((word) => !word.startsWith('-'));
  switch (verb) {
    case 'ping':
      call.out.write('Slurmctld(primary) at localhost is UP\n');
      return 0;
    case 'show':
      return show(call, words, oneLine);
    case 'hold':
    case 'release':
      return holdOrRelease(call, verb, words);
    default:
      throw new Refusal(verb === '' ? 'scontrol: no command given' : `invalid keyword: ${verb}`);
  }
}

function show(call: Call, [entity = '', ...words]: readonly string[], oneLine: boolean): number {
  switch (entity.toLowerCase()) {
    case 'hostname':
    case 'hostnames': {
      const list = words[0] ?? call.env.SLURM_NODELIST ?? call.env.SLURM_JOB_NODELIST;
      if (list === undefined) call.err.write('scontrol: error: host list is empty\n');
      else
        call.out.write(
          expandHostlist(list)
            .map((host) => `${host}\n`)
            .join(''),
        );
      return 0;
    }
    case 'hostlist':
      call.out.write(`${compressHostlist((words[0] ?? '').split(','))}\n`);
      return 0;
    case 'topology':
    case 'topo':
      call.out.write(topologyText(call.site.dir));
      return 0;
    case 'job':
    case 'jobs': {
      const ids = words.map((word) => word.replace(/^jobid=/i, ''));
      const known = listJobs(call.site).filter((job) => isRemembered(call.site, job));
      const jobs = ids.length === 0 ? known : known.filter((job) => ids.includes(String(job.id)));
      if (jobs.length === 0 && ids.length > 0)
        throw new Refusal('slurm_load_jobs error: Invalid job id specified');
      if (jobs.length === 0) call.out.write('No jobs in the system\n');
      const viewing = { now: Date.now(), timeFormat: call.env.SLURM_TIME_FORMAT };
      call.out.write(jobs.map((job) => jobDescription(job, viewing, oneLine)).join(''));
      return 0;
    }
    default:
      throw new Refusal(`invalid entity:${entity} for keyword:show`);
  }
}

async function holdOrRelease(call: Call, kind: 'hold' | 'release', ids: readonly string[]): Promise<number> {
  let code = 0;
  for (const id of ids.flatMap((word) => word.split(','))) {
    const job = /^\d+$/.test(id) ? readJob(call.site, Number(id)) : undefined;
    if (job && !isFinished(job)) {
      await ask(call.site, job.id, { kind });
      continue;
    }
    call.err.write(`Invalid job id specified for job ${id}\nslurm_suspend error: Invalid job id specified\n`);
    code = 1;
  }
  return code;
}
