import { EXIT } from '../../../errors.ts';
import { moment } from '../../../format.ts';
import type { Host } from '../../../host/host.ts';
import { createRun } from '../../../run/folder.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import type { SubmitRequest } from '../../../scheduler/scheduler.ts';
import { submitRequest } from '../../../scheduler/slurm-argv.ts';
import type { Connection, NamedProfile } from '../../runs/cluster/connect.ts';
import { fitRunsDir, runsDirOf } from '../../runs/cluster/runs-dir.ts';
import { refusedFiles } from '../../runs/config/files-seen.ts';
import { loadValidJob } from '../../runs/config/load.ts';
import { type BadNode, excludedText, exclusion } from '../../runs/nodes/ledger.ts';
import { bundleOf } from '../../runs/submit/bundle.ts';
import type { AfterOptions } from '../../runs/submit/dependencies.ts';
import type { Sent } from '../../runs/submit/send.ts';
import { jsonLine, jsonText } from '../../sink.ts';
import { dryRunJson, dryRunText } from '../../views/dry-run.ts';
import { summary } from '../../views/plan-text.ts';
import type { World } from '../../world.ts';
import { wrapped } from '../../wrap.ts';
import type { ConfigOptions } from '../options.ts';

export interface SubmitOptions extends ConfigOptions, AfterOptions {
  readonly dryRun?: boolean;
  /** With `dryRun`: print every file as well. */
  readonly full?: boolean;
  readonly testOnly?: boolean;
  /** How many further runs, each of which starts if all before it have failed. */
  readonly retries?: number;
  readonly watch?: boolean;
  /** Seconds that the job may wait in the queue while it is watched. */
  readonly pendingLimit?: number;
}

/** Submits a job, or prints what would be sent: both have the same request. */
export async function submit(file: string, options: SubmitOptions, world: World): Promise<number> {
  const loaded = await loadValidJob(file, options, world);
  if (loaded === undefined) return EXIT.config;
  const { plan } = loaded;
  const seen = (host?: Host) => refusedFiles(loaded, world, host);
  const { retries = 0 } = options;
  const runsDir = await runsDirAt(plan.cluster, options, world);
  const run = createRun(fitRunsDir(runsDir, plan), plan.name, world.randomHex(3));
  const { files } = await bundleOf(loaded, plan, world);
  const excluded = await exclusion(plan, world);
  const request = submitRequest(run, files, await after(options, plan.cluster, world), excluded.given);
  if (options.dryRun) {
    if (await seen()) return EXIT.config;
    const dryRun = { request, plan, retries, notes: loaded.notes ?? [] };
    const { full = false } = options;
    const text = () => dryRunText(dryRun, { full, page: world.page });
    world.out.write(options.json ? jsonText(dryRunJson(dryRun)) : text());
    return EXIT.ok;
  }
  const [{ connect }, { sendJob, orWithoutSlurm }, { originOf }] = await Promise.all([
    import('../../runs/cluster/connect.ts'),
    import('../../runs/submit/send.ts'),
    import('../../runs/submit/origin.ts'),
  ]);
  const connection = connect(plan.cluster, world);
  if (await seen(connection.host)) return EXIT.config;
  if (options.testOnly) {
    await testSubmit(request, connection, options, world).catch((error: unknown) => {
      throw orWithoutSlurm(error, connection.host);
    });
    return EXIT.ok;
  }
  const say = (text: string) => void (options.json || world.out.write(wrapped(text, world.page.width)));
  const each = retries > 0 ? ', for each run' : '';
  const origin = await originOf(file, world);
  const first = await sendJob(request, run, plan, connection, world, origin).catch((error: unknown) => {
    // Slurm may have refused it for want of these nodes.
    if (!options.json) world.err.write(excludedText(excluded));
    throw error;
  });
  say(`${plan.name} requests ${summary(plan)}${each}\n`);
  const chain = [first];
  say(submittedText(first, plan.bench?.config.type === 'builtin', options) + excludedText(excluded));
  if (retries > 0) {
    const { sendRetries } = await import('../../runs/submit/send.ts');
    for await (const sent of sendRetries(first, retries, request, plan, connection, world, origin)) {
      chain.push(sent);
      say(`  retry   ${sent.run.id}, job ${jobNumber(sent.jobId)}, starts only if all earlier runs fail\n`);
    }
  }
  if (options.json && !options.watch) world.out.write(jsonLine(submittedJson(chain, excluded.bad)));
  if (!options.watch) return EXIT.ok;
  const { showChain } = await import('../watch/watch.ts');
  return showChain(
    chain.map((sent) => sent.run),
    connection,
    options,
    world,
  );
}

/** A dry-run contacts nobody: the home of a login node remains `~`. */
async function runsDirAt(cluster: NamedProfile, { dryRun }: SubmitOptions, world: World): Promise<string> {
  const dir = runsDirOf(cluster, world);
  if (dryRun || cluster.host === undefined) return dir;
  const { connect } = await import('../../runs/cluster/connect.ts');
  return connect(cluster, world).host.resolve(dir);
}

async function after(options: AfterOptions, cluster: NamedProfile, world: World) {
  if (!options.after && !options.afterOk) return [];
  const { dependencies } = await import('../../runs/submit/dependencies.ts');
  return dependencies(options, cluster, world);
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

/** Seconds within which a start is at once. */
const AT_ONCE = 5;

/** `submit --test-only`: Slurm's own check of a job, and when it would start. Leaves nothing behind. */
async function testSubmit(
  request: SubmitRequest,
  { scheduler, cluster }: Connection,
  { json = false }: { readonly json?: boolean },
  world: World,
): Promise<void> {
  const { start, nodes, partition, said } = await scheduler.test(request, world.signal);
  const time = start === undefined ? undefined : new Date(start * 1000);
  if (json) {
    const answer = { accepted: true, cluster, start: time?.toISOString() ?? null, nodes, partition, said };
    world.out.write(jsonLine(answer));
    return;
  }
  const now = world.now();
  const late = time && time.getTime() - now.getTime() > AT_ONCE * 1000;
  world.out.write(
    [
      `Slurm on cluster ${cluster} would accept this job; nothing was submitted`,
      `  start  ${time === undefined ? said : late ? `expected ${moment(time, now)}` : 'at once'}`,
      `  nodes  ${nodes} of partition ${partition}`,
      '',
    ].join('\n'),
  );
}
