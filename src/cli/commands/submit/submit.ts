import { EXIT } from '../../../errors.ts';
import type { Host } from '../../../host/host.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import { refusedFiles } from '../../runs/config/files-seen.ts';
import { loadValidConfig } from '../../runs/config/load.ts';
import { type BadNode, excludedText } from '../../runs/nodes/ledger.ts';
import type { Sent } from '../../runs/submit/send.ts';
import { jsonLine, jsonText } from '../../sink.ts';
import { dryRunJson, dryRunText } from '../../views/dry-run.ts';
import { summary } from '../../views/plan-text.ts';
import type { World } from '../../world.ts';
import { wrapped } from '../../wrap.ts';
import { prepare, type SubmitOptions, variantOf } from './prepare.ts';

/** Submits the jobs of a config, or prints what would be sent: both have the same requests. */
export async function submit(given: string, options: SubmitOptions, world: World): Promise<number> {
  if (options.engine === 'real') {
    const { serve } = await import('../serve/serve.ts');
    return serve(given, { ...options, detach: true }, world);
  }
  const jobs = await loadValidConfig(given, options, world);
  if (jobs === undefined) return EXIT.config;
  const [job, ...others] = jobs;
  if (others.length > 0) return (await import('./several.ts')).submitSeveral(jobs, options, world);
  const { plan } = job;
  const seen = (host?: Host) => refusedFiles([job], world, host);
  const { retries = 0 } = options;
  const [{ run, excluded, ...prepared }] = await prepare([job], options, world);
  const request = prepared.request();
  if (options.dryRun) {
    if (await seen()) return EXIT.config;
    const dryRun = { request, plan, retries, notes: job.notes ?? [] };
    const { full = false } = options;
    const text = () => dryRunText(dryRun, { full, page: world.page });
    world.out.write(options.json ? jsonText(dryRunJson(dryRun)) : text());
    return EXIT.ok;
  }
  const [{ connect }, { sendChain }, { originOf }] = await Promise.all([
    import('../../runs/cluster/connect.ts'),
    import('../../runs/submit/send.ts'),
    import('../../runs/submit/origin.ts'),
  ]);
  const connection = connect(plan.cluster, world);
  if (await seen(connection.host)) return EXIT.config;
  if (options.testOnly) {
    const { testSubmit } = await import('./estimate.ts');
    await testSubmit(request, connection, options, world);
    return EXIT.ok;
  }
  const say = (text: string) => void (options.json || world.out.write(wrapped(text, world.page.width)));
  const each = retries > 0 ? ', for each run' : '';
  const noted = { ...(await originOf(job.path, world)), ...variantOf(job) };
  const chain: Sent[] = [];
  try {
    for await (const sent of sendChain({ request, run, plan, retries }, connection, world, noted)) {
      if (chain.length > 0)
        say(`  retry   ${sent.run.id}, job ${jobNumber(sent.jobId)}, starts only if all earlier runs fail\n`);
      else {
        say(`${plan.name} requests ${summary(plan)}${each}\n`);
        say(submittedText(sent, plan.bench?.config.type === 'builtin', options) + excludedText(excluded));
      }
      chain.push(sent);
    }
  } catch (error) {
    // Slurm may have refused it for want of these nodes.
    if (chain.length === 0 && !options.json) world.err.write(excludedText(excluded));
    throw error;
  }
  if (options.json && !options.watch) world.out.write(jsonLine(submittedJson(chain, excluded.bad)));
  if (!options.watch) return EXIT.ok;
  const { showChains } = await import('../watch/watch.ts');
  return showChains([chain.map((sent) => sent.run)], connection, options, world);
}

/** What `submit --json` prints; `dir` is absolute. */
function submittedJson([first, ...retries]: readonly Sent[], bad: readonly BadNode[]): object {
  const facts = ({ run, jobId }: Sent) => ({ run: run.id, jobId, cluster: run.job?.cluster, dir: run.dir });
  return {
    ...(first && facts(first)),
    ...(retries.length > 0 && { retries: retries.map(facts) }),
    ...(bad.length > 0 && { excluded: bad.map(({ node, reason, run }) => ({ node, reason, run })) }),
  };
}

function submittedText({ run, jobId }: Sent, builtin: boolean, { watch }: SubmitOptions): string {
  const { id, dir, job } = run;
  const next = watch
    ? []
    : [
        `  watch   dyn-slurm watch ${id}`,
        `  logs    dyn-slurm logs -f ${id}`,
        `  cancel  dyn-slurm cancel ${id}`,
        ...(builtin ? [`  bench   dyn-slurm bench ${id}, once it is ready`] : []),
      ];
  return [
    `submitted ${id} as job ${jobNumber(jobId)} on cluster ${job?.cluster ?? ''}`,
    `  folder  ${dir}`,
    ...next,
    '',
  ].join('\n');
}
