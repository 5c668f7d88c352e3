import { EXIT } from '../../../errors.ts';
import { lookUpSession, type Session } from '../../runs/session/lookup.ts';
import { hostsByIndex, liveSession } from '../../runs/session/steps.ts';
import { keepSupervised } from '../../runs/session/supervisor.ts';
import { jsonLine } from '../../sink.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';
import { goesOn, sessionHints } from './hints.ts';
import { promptFor, type RunCommand } from './prompt.ts';

export interface AttachOptions extends RunOptions {
  /** false: say how to get at the session, and end. */
  readonly prompt?: boolean;
}

/** `dyn-slurm attach [RUN]`: back to the prompt of a session. A supervisor that is gone is replaced. */
export const attachWith =
  (run: RunCommand) =>
  async (query: string | undefined, options: AttachOptions, world: World): Promise<number> => {
    const session = await lookUpSession(query, options, world);
    await liveSession(session);
    if (await keepSupervised(session, world)) {
      world.err.write("the session's supervisor had ended; a new one has taken over the running steps\n");
    }
    return continueSession(session, options, run, world);
  };

/** A session that is up: at a terminal its prompt, else how to get at it, with the exit code of how it came up. */
export async function continueSession(
  session: Session,
  { json, prompt = true, code = EXIT.ok }: AttachOptions & { readonly code?: number },
  run: RunCommand,
  world: World,
): Promise<number> {
  const now = await liveSession(session);
  if (!json) {
    world.err.write(`\n${sessionHints(session, now)}`);
    if (prompt && world.readLines) return promptFor(session, run, world);
    world.err.write(`\n${goesOn(session)}`);
    return code;
  }
  const { job } = session;
  const { ready } = now.run;
  const facts = {
    kind: 'session',
    run: session.run.id,
    job: job.jobId,
    cluster: job.cluster,
    dir: session.run.dir,
    nodes: hostsByIndex(session, now),
    allocation: job.session.allocation,
    url: ready?.url ?? null,
    model: ready?.model ?? null,
  };
  world.out.write(jsonLine(facts));
  return code;
}
