import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { GRADE, JUDGED_BYTES, judge } from '../../../src/causes/judge.ts';
import { packageRoot } from '../../world.ts';
import { RunFolder } from '../render/run-folder.ts';

interface Case {
  readonly name: string;
  readonly signature: string | null;
  readonly line: string;
  readonly log: string;
}

const CASES = parse(
  readFileSync(join(packageRoot, 'test/fixtures/causes/logs.yaml'), 'utf8'),
) as readonly Case[];

let run: RunFolder;
beforeAll(() => {
  run = new RunFolder();
});
afterAll(() => run.dispose());

/** `GRADE|LINE` of each log, as the bash of the nodes judges it. */
async function judgedByBash(logs: readonly string[]): Promise<readonly string[]> {
  for (const [index, log] of logs.entries()) run.file(`logs/${index}.log`, log);
  const { out, err } = await run.inTask(
    `for ((i = 0; i < ${logs.length}; i++)); do judge_log "${run.dir}/logs/$i.log"; printf '%s|%s\\n' "$CAUSE_GRADE" "$CAUSE_LINE"; done`,
  );
  expect(err).toBe('');
  return out.split('\n').slice(0, -1);
}

function judgedHere(log: string): string {
  const { grade, line } = judge(log) ?? { grade: 0, line: '' };
  return `${grade}|${line}`;
}

test.each(CASES)('the line that says why: $name', ({ log, line, signature }) => {
  const found = judge(log);
  expect({ line: found?.line, signature: found?.signature?.name ?? null }).toEqual({ line, signature });
});

test('the nodes judge as we do', async () => {
  const logs = CASES.map(({ log }) => log);
  expect(await judgedByBash(logs)).toEqual(logs.map(judgedHere));
});

test('so they do where the lines of several ranks come in any order', async () => {
  let seed = 11;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  const logs = Array.from({ length: 30 }, () => {
    const ranks = [0, 1, 2].map(() => (CASES[random(CASES.length)]?.log ?? '').split('\n'));
    const lines: string[] = [];
    while (ranks.some((rank) => rank.length > 0))
      lines.push(...(ranks[random(3)]?.splice(0, 1 + random(4)) ?? []));
    return lines.join('\n');
  });
  expect(await judgedByBash(logs)).toEqual(logs.map(judgedHere));
});

describe('whatever is in a log', () => {
  const OOM = 'RuntimeError: CUDA error: out of memory';

  test('the line is found after a gigabyte without a line break', async () => {
    run.file('logs/long.log', '');
    truncateSync(join(run.dir, 'logs/long.log'), 2 ** 30);
    writeFileSync(join(run.dir, 'logs/long.log'), `\n${OOM}\n`, { flag: 'a' });
    const { out } = await run.inTask(`judge_log ${run.dir}/logs/long.log; echo "$CAUSE_LINE"`);
    expect(out).toBe(`${OOM}\n`);
  });

  test('bytes that are no text do no harm', async () => {
    const bytes = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 256));
    writeFileSync(join(run.dir, 'logs/bytes.log'), Buffer.concat([bytes, Buffer.from(`\n${OOM}\n`), bytes]));
    const { out, err } = await run.inTask(`judge_log ${run.dir}/logs/bytes.log; echo "$CAUSE_LINE"`);
    expect([out, err]).toEqual([`${OOM}\n`, '']);
  });

  test('what came before a restart is not judged', async () => {
    const before = `${OOM}\n`;
    run.file('logs/again.log', `${before}ValueError: another\n`);
    const { out } = await run.inTask(
      `judge_log ${run.dir}/logs/again.log ${before.length}; echo "$CAUSE_LINE"`,
    );
    expect(out).toBe('ValueError: another\n');
  });

  test('the rest of a line that began before what is judged is not taken for one', async () => {
    const log = `${'x'.repeat(300_000)}: No module named 'deep_gemm'\n${'a healthy line\n'.repeat(1000)}`;
    expect(await judgedByBash([log])).toEqual(['0|a healthy line']);
    expect(judge(log.slice(-JUDGED_BYTES), true)).toEqual({ line: 'a healthy line', grade: GRADE.rest });
  });

  test.each([
    "server_args=ServerArgs(model_path='/m', tokenizer_path='/m', trust_remote_code=True, skip_tokenizer_init=False)",
    "[2026-04-21 04:13:30] server_args={'model_path': '/m', 'trust_remote_code': True, 'device': 'cuda'}",
    "Namespace(model='/m', trust_remote_code=True, tensor_parallel_size=8)",
    "Initializing a V1 LLM engine (v0.11.0) with config: model='/m', trust_remote_code=True, dtype=torch.bfloat16",
    'rehearsal: dynamo.sglang stands in as dynamo.mocker: decode, dp 32, 14 arguments ignored: --host --trust-remote-code',
    '+ python3 -m dynamo.sglang --model-path /m --trust-remote-code --tp-size 8 --mem-fraction-static 0.8',
    "backend='sglang-oai', base_url='http://n1:8000', host='0.0.0.0', port=None, trust_remote_code=True",
  ])('a line that lists arguments is no cause: %s', async (line) => {
    expect(await judgedByBash([`${line}\n`])).toEqual([`0|${line}`]);
    expect(judge(line)).toMatchObject({ grade: GRADE.rest });
  });

  test('a log that is empty, or not there, has no line', async () => {
    run.file('logs/empty.log', '');
    const { out } = await run.inTask(
      `for log in empty none; do judge_log ${run.dir}/logs/$log.log; echo "$CAUSE_GRADE|$CAUSE_LINE"; done`,
    );
    expect(out).toBe('0|\n0|\n');
    expect(judge('')).toBeUndefined();
  });
});

test("a healthy worker's log has no cause", () => {
  const log = readFileSync(join(packageRoot, 'test/recorded/sglang/0.5.23.log'), 'utf8');
  expect(judge(log)?.grade).toBe(GRADE.rest);
});
