import { DynSlurmError, EXIT } from '../../../errors.ts';
import type { Dependency } from '../../../scheduler/scheduler.ts';
import { type Connection, connect } from '../../runs/cluster/connect.ts';
import { refusedFiles } from '../../runs/config/files-seen.ts';
import type { ValidJob } from '../../runs/config/load.ts';
import { excludedText } from '../../runs/nodes/ledger.ts';
import { originOf } from '../../runs/submit/origin.ts';
import { readSecrets } from '../../runs/submit/secrets.ts';
import { orWithoutSlurm, type Sent, sendChain } from '../../runs/submit/send.ts';
import { jsonLine, jsonText } from '../../sink.ts';
import type { World } from '../../world.ts';
import { wrapped } from '../../wrap.ts';
import { testEach } from './estimate.ts';
import {
  dryRunsJson,
  dryRunsText,
  leftText,
  type Rejected,
  type Sending,
  type SentVariant,
  submittedJson,
  submittedText,
} from './group-text.ts';
import { type Prepared, prepare, type SubmitOptions, variantOf } from './prepare.ts';

/**
 * Submits several variants of a config as one group, all at once or so many at a time. Everything that can be known before is
 * checked for all of them before the first is sent. One that Slurm rejects, or that fails, stops no other.
 */
export async function submitSeveral(
  jobs: readonly [ValidJob, ...ValidJob[]],
  options: SubmitOptions,
  world: World,
): Promise<number> {
  const prepared = await prepare(jobs, options, world);
  const [{ job }] = prepared;
  if (options.dryRun) {
    if (await refusedFiles(jobs, world)) return EXIT.config;
    const text = () => dryRunsText(prepared, options, world);
    world.out.write(options.json ? jsonText(dryRunsJson(prepared, options)) : text());
    return EXIT.ok;
  }
  const connection = connect(job.plan.cluster, world);
  if (await refusedFiles(jobs, world, connection.host)) return EXIT.config;
  if (options.testOnly) return testEach(prepared, connection, options, world);
  for (const { plan } of jobs) await readSecrets(plan, world);
  const group = `${job.fileName ?? 'variants'}-${world.randomHex(3)}`;
  const sending = await sendEach(prepared, group, connection, options, world);
  const { sent, rejected, left } = sending;
  if (options.json && !options.watch) world.out.write(jsonLine(submittedJson(group, sending, prepared[0])));
  else if (!options.json && sent.length > 0) {
    const text = submittedText(group, sent, options, world) + excludedText(prepared[0].excluded);
    world.out.write(wrapped(text, world.page.width));
  }
  world.err.write(leftText(rejected, left, job.path));
  if (sending.failure !== undefined) throw orWithoutSlurm(sending.failure, connection.host);
  if (left.length > 0) return EXIT.interrupted;
  const refused = rejected.length > 0 ? EXIT.rejected : EXIT.ok;
  if (!options.watch || sent.length === 0) return refused;
  const { showChains } = await import('../watch/watch.ts');
  const chains = sent.map(({ chain }) => chain.map(({ run }) => run));
  const code = await showChains(chains, connection, options, world);
  if (!options.json) world.err.write(`\none report of all: dyn-slurm report ${group}\n`);
  return code === EXIT.ok ? refused : code;
}

function isRejection(error: unknown, words = /./): error is DynSlurmError {
  return (
    error instanceof DynSlurmError &&
    error.code === 'rejected' &&
    words.test(error.message.split('\n')[0] ?? '')
  );
}

/** Sends one after the other, until Slurm cannot be asked any more or the person interrupts. */
async function sendEach(
  prepared: readonly Prepared[],
  group: string,
  connection: Connection,
  options: SubmitOptions,
  world: World,
): Promise<Sending> {
  const { maxJobs = Number.POSITIVE_INFINITY, retries = 0 } = options;
  const sent: SentVariant[] = [];
  const rejected: Rejected[] = [];
  const origin = await originOf(prepared[0]?.job.path ?? '-', world);
  for (const [index, one] of prepared.entries()) {
    const { run, job } = one;
    if (world.signal.aborted) return { sent, rejected, left: prepared.slice(index) };
    // Of so many queues, each job begins when the one before it in its own has ended, however that ended.
    const before = sent[sent.length - maxJobs];
    const jobs = before?.chain.map(({ jobId }) => jobId) ?? [];
    const chain: Sent[] = [];
    let failure: unknown;
    const send = async (after: readonly Dependency[]) => {
      const noted = { ...origin, ...variantOf(job), group };
      const own = { request: one.request(after), run, plan: job.plan, retries };
      for await (const each of sendChain(own, connection, world, noted)) chain.push(each);
    };
    try {
      const waiting = send(jobs.length > 0 ? [{ when: 'afterany', jobs }] : []);
      await waiting.catch((error: unknown) => {
        // Slurm has forgotten jobs that ended some minutes ago, and there is nothing to wait for.
        if (jobs.length > 0 && chain.length === 0 && isRejection(error, /dependency/i)) return send([]);
        throw error;
      });
    } catch (error) {
      if (isRejection(error)) rejected.push({ prepared: one, error });
      else failure = error;
    }
    const [first, ...others] = chain;
    if (first) sent.push({ prepared: one, chain: [first, ...others], waits: before?.prepared.job.variant });
    if (failure !== undefined)
      return { sent, rejected, left: prepared.slice(first ? index + 1 : index), failure };
  }
  return { sent, rejected, left: [] };
}
