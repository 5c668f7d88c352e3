import { appendFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { promptFor, type RunCommand } from '../../../../src/cli/commands/session/prompt.ts';
import { connect } from '../../../../src/cli/runs/cluster/connect.ts';
import { senderOf } from '../../../../src/cli/runs/session/command.ts';
import type { Session } from '../../../../src/cli/runs/session/lookup.ts';
import type { RunEventBody } from '../../../../src/run/events.ts';
import type { JobId } from '../../../../src/scheduler/job-id.ts';
import { addRun, type Site, site } from '../run-folder.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const RUN = 'r1-0a1b2c';
const ready: RunEventBody = { kind: 'ready', url: 'http://10.0.0.1:8000', model: 'm', seconds: 60 };
const ended = (step: string): RunEventBody => ({
  kind: 'step-ended',
  step,
  role: 'decode',
  node: 'node2',
  reason: `${step} on node2 exited with code 1`,
});
const verdict: RunEventBody = {
  kind: 'verdict',
  outcome: 'succeeded',
  reason: 'released by bob@login2, process 7',
  seconds: 90,
};

/** A session, with somebody at its prompt who types what `typed` gives, and is told what `said` has. */
class Prompted {
  readonly said: string[] = [];
  readonly ran: string[][] = [];
  readonly #place: Site;
  readonly #dir: string;
  #heard = () => {};

  private constructor(place: Site, dir: string) {
    this.#place = place;
    this.#dir = dir;
  }

  static async open(): Promise<Prompted> {
    const queue = `4242|RUNNING|3|1763962970|1763962980|node[1-3]|dyn-slurm:${RUN}|None\n`;
    const place = await site({ squeue: { stdout: queue } });
    const prompted = new Prompted(place, await addRun(place.root, { id: RUN, jobId: '4242' }));
    prompted.happens(ready);
    return prompted;
  }

  happens(...bodies: readonly RunEventBody[]): void {
    const time = '2025-11-24T05:44:59.000Z';
    const lines = bodies.map((body) => `${JSON.stringify({ time, ...body })}\n`);
    appendFileSync(`${this.#dir}/events.jsonl`, lines.join(''));
  }

  /** Until so many lines were said. */
  async hears(count: number): Promise<void> {
    while (this.said.length < count) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  get sender(): string {
    return senderOf(this.#place.world);
  }

  get errors(): string {
    return this.#place.err();
  }

  /** `typed` gives the lines; undefined is Ctrl-D. `told` is what a command does. */
  async run(
    typed: readonly (string | undefined | (() => Promise<string | undefined>))[],
    told: (words: readonly string[]) => void = () => {},
  ): Promise<number> {
    const { world, root } = this.#place;
    const lines = [...typed];
    const readLines = () => ({
      read: async (_: string, signal: AbortSignal) => {
        const next = lines.shift();
        if (typeof next !== 'function') return next;
        const over = new Promise<undefined>((resolve) => {
          signal.addEventListener('abort', () => resolve(undefined));
        });
        return Promise.race([next(), over]);
      },
      say: (text: string) => {
        this.said.push(text.trimEnd());
        this.#heard();
      },
    });
    const session: Session = {
      run: { id: RUN, name: 'r1', dir: `${root}/${RUN}` },
      connection: connect({ name: 'default' }, world),
      job: {
        jobId: '4242' as JobId,
        cluster: 'default',
        submitted: '2025-11-24T05:42:50.000Z',
        session: { allocation: 'owned', hosts: ['node1', 'node2', 'node3'] },
      },
    };
    const command: RunCommand = async (words) => {
      this.ran.push([...words]);
      told(words);
      return 0;
    };
    return promptFor(session, command, { ...world, readLines });
  }
}

const never = () => new Promise<undefined>(() => {});

test('news is told while a line is awaited, and what a command has told is not told again', async () => {
  const prompt = await Prompted.open();
  const code = await prompt.run(
    [
      async () => {
        prompt.happens(ended('decode-1'));
        await prompt.hears(1);
        return 'restart decode-0';
      },
      'logs -f decode-0',
      undefined,
    ],
    ([verb]) => {
      const own: RunEventBody = {
        kind: 'command',
        command: '1',
        verb: 'restart',
        steps: ['decode-0'],
        from: prompt.sender,
      };
      if (verb === 'restart') prompt.happens(own, ended('decode-0'));
      else prompt.happens({ ...own, from: 'bob@login2, process 7' }, ended('decode-0'));
    },
  );
  expect(code).toBe(0);
  expect(prompt.ran).toEqual([
    ['restart', 'decode-0'],
    ['logs', RUN, '-f', 'decode-0'],
  ]);
  expect(prompt.said).toEqual([
    '05:44:59  decode-1 on node2 exited with code 1',
    '05:44:59  restart decode-0, from bob@login2, process 7',
    '05:44:59  decode-0 on node2 exited with code 1',
  ]);
  expect(prompt.errors).toBe(`
\`help\` lists the commands; Ctrl-D leaves the prompt; the session continues

${RUN} and its job 4242 continue
  attach   dyn-slurm attach ${RUN}
  end      dyn-slurm release ${RUN}, or scancel 4242
`);
});

test('a session that ends takes its prompt along', async () => {
  const prompt = await Prompted.open();
  const code = await prompt.run([
    () => {
      prompt.happens(verdict);
      return never();
    },
  ]);
  expect(code).toBe(0);
  expect(prompt.errors).toMatch(/\nthe session has ended: released by bob@login2, process 7\n$/);
});

test('a session that failed leaves its nodes, and says how to go on', async () => {
  const prompt = await Prompted.open();
  const code = await prompt.run(['workers'], () => {
    prompt.happens({ ...verdict, outcome: 'failed', reason: 'etcd on node1 exited with code 1' });
  });
  expect(code).toBe(7);
  expect(prompt.errors).toMatch(
    new RegExp(
      [
        'the session has ended: etcd on node1 exited with code 1',
        '',
        'job 4242 is still allocated',
        '  try again      dyn-slurm allocate CONFIG --adopt 4242',
        `  give it back   dyn-slurm release ${RUN}, or scancel 4242`,
        '$',
      ].join('\n'),
    ),
  );
});

test('an unknown word is no command', async () => {
  const prompt = await Prompted.open();
  await prompt.run(['restrt decode-0', 'dance', `dyn-slurm logs ${RUN} decode-0`, undefined]);
  // A line that was pasted.
  expect(prompt.ran).toEqual([['logs', RUN, 'decode-0']]);
  expect(prompt.errors).toContain(
    'there is no command restrt here; did you mean restart?\nthere is no command dance here; see `help`\n',
  );
});
