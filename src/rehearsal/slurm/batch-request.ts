import { resolve } from 'node:path';
import { fillFilename } from './filename.ts';
import type { BatchRequest, JobRequest } from './job-record.ts';
import type { Options } from './job-request.ts';
import { nodeName } from './node-name.ts';

/** Where a batch script reads and writes. `command` is the script's path, or the job's name for one from stdin. */
export function batchRequest(
  options: Options,
  job: JobRequest,
  id: number,
  command: string,
  args: readonly string[],
): BatchRequest {
  const fields = {
    job: id,
    step: 'batch',
    name: job.name,
    user: job.user,
    host: nodeName(0),
    node: 0,
    task: 0,
  };
  const file = (option: string, usual: string): string =>
    resolve(job.workDir, fillFilename(options.get(option) ?? usual, fields));
  const output = file('output', 'slurm-%j.out');
  return {
    command,
    args,
    output,
    error: options.has('error') ? file('error', '') : output,
    input: file('input', '/dev/null'),
    append: options.get('open-mode') === 'append',
  };
}
