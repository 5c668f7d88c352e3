import { longDuration, timestamp } from './duration.ts';
import { compressHostlist } from './hostlist.ts';
import { elapsed, endTime, limit, stateName } from './job-format.ts';
import type { JobRecord } from './job-record.ts';
import type { Viewing } from './table-format.ts';

/** `scontrol show job`: what the stand-in knows, in Slurm's words and order. */
export function jobDescription(job: JobRecord, { now, timeFormat }: Viewing, oneLine: boolean): string {
  const at = (ms: number | undefined): string => (ms === undefined ? 'Unknown' : timestamp(ms, timeFormat));
  const or = (text: string | undefined): string => text ?? '(null)';
  const tasks = job.tasks ?? job.nodes * (job.tasksPerNode ?? 1);
  const lines = [
    `JobId=${job.id} JobName=${job.name}`,
    `UserId=${job.user}(${job.uid}) GroupId=${job.gid}(${job.gid}) MCS_label=N/A`,
    `Priority=${job.held ? 0 : 1} Nice=0 Account=${or(job.account)} QOS=${or(job.qos)}`,
    `JobState=${stateName(job)} Reason=${job.reason} Dependency=${or(job.dependency)}`,
    `Requeue=0 Restarts=0 BatchFlag=${job.batch ? 1 : 0} Reboot=0 ExitCode=${job.exit.code}:${job.exit.signal}`,
    `RunTime=${longDuration(elapsed(job, now))} TimeLimit=${limit(job, longDuration)} TimeMin=N/A`,
    `SubmitTime=${at(job.submitted)} EligibleTime=${at(job.submitted)}`,
    `StartTime=${at(job.started)} EndTime=${at(endTime(job))} Deadline=N/A`,
    `Partition=${job.partition} AllocNode:Sid=${job.submitHost}:0`,
    `NodeList=${compressHostlist(job.hosts)}`,
    ...(job.hosts[0] === undefined ? [] : [`BatchHost=${job.hosts[0]}`]),
    `NumNodes=${job.nodes} NumCPUs=${job.nodes * job.cpusPerNode} NumTasks=${tasks} CPUs/Task=${job.cpusPerTask}`,
    `Features=${or(job.constraint)} DelayBoot=00:00:00 Reservation=${or(job.reservation)}`,
    `Command=${or(job.batch?.command)}`,
    `WorkDir=${job.workDir}`,
    ...(job.comment === undefined ? [] : [`Comment=${job.comment}`]),
    ...(job.batch
      ? [`StdErr=${job.batch.error}`, `StdIn=${job.batch.input}`, `StdOut=${job.batch.output}`]
      : []),
  ];
  return oneLine ? `${lines.join(' ')}\n` : `${lines.join('\n   ')}\n\n`;
}
