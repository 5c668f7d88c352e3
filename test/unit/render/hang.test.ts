import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hangSigns } from '../../../src/plan/hang.ts';
import { quoteCommand } from '../../../src/render/shell.ts';
import { sampleJob } from '../plan/sample-job.ts';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
  run.program('srun', 'echo srun >>"$RUN_DIR"/sruns; cat "$RUN_DIR"/stacks');
  run.file(
    'stacks',
    'process node2 7 T_(stopped) sglang::scheduler\nstack node2 7 Thread 7 (idle)\nstack node2 7 recv (scheduler.py:9)\nstack node2 7 Thread 8 (idle)\nstack node2 7 wait (x.py:1)\n',
  );
});
afterEach(() => run.dispose());

const SIGNS = hangSigns(sampleJob({ prefill: {}, decode: {}, health: { hang: '60s' } }));
if (SIGNS === undefined) throw new Error('nothing is watched');
const { seconds, work, inFlight, lines } = SIGNS;
const expectHangs = (canary: boolean) =>
  quoteCommand(['expect_hangs', String(seconds), canary ? '1' : '', work, inFlight, lines]);

/**
 * Two workers, whose pages are files: `fine|failing|gone WORKER`, `page WORKER REQUESTS TOKENS [BYTES GIVEN_UP]`. `at SECONDS` is one look of the
 * supervisor at that second of the job, on a clock that stands still meanwhile.
 */
const START = `
unset SECONDS; SECONDS=0
trap 'exit' EXIT
has() { [[ $1 != servers ]]; }
http() {
  local name=\${2%%:*} file
  file=$RUN_DIR/$name\${3//\\//-}
  [[ -e $file ]] || return 1
  cat "$file"
  [[ $(<"$file") != *notready* ]]
}
answer() { printf '{"status":"x","endpoints":{"generate":"%s"}}' "$2" >"$RUN_DIR/$1-health"; }
fine() { answer "$1" ready; }
failing() { answer "$1" notready; }
gone() { rm -f "$RUN_DIR/$1-health" "$RUN_DIR/$1-metrics"; }
page() {
  local own='{dynamo_component="x",dynamo_endpoint="generate"}'
  {
    printf "dynamo_component_inflight_requests$own %s\\n" "$2"
    printf "dynamo_component_response_bytes_total$own %s\\ndynamo_component_cancellation_total$own %s\\n" "\${4:-0}" "\${5:-0}"
    [[ $3 == - ]] || printf 'sglang:generation_tokens_total{tp_rank="0"} %s\\n' "$3"
    printf 'sglang:num_queue_reqs 4%s\\n' "$SECONDS"
  } >"$RUN_DIR/$1-metrics"
}
at() {
  local name
  SECONDS=$1 LOOK_AT[hangs]=0
  watch_hangs; wait "\${LOOK[hangs]}"; while [[ -n \${LOOK[hangs]} ]]; do watch_hangs; done
  for name in "\${!SUSPECT[@]}"; do
    watch_hangs; while [[ -n \${LOOK[stacks.$name]:-} ]]; do watch_hangs; done
  done
}
FRONTENDS=(frontend:1)
echo ok >"$RUN_DIR/frontend-health"
for name in prefill-0 decode-0; do
  STEPS+=("$name") STEP_KIND[$name]=worker STEP_ROLE[$name]=\${name%-0} STEP_STATE[$name]=up STEP_SINCE[$name]=1 STEP_HOSTS[$name]='node1 node2'
  STEP_PROBE[$name]="$name:1"$'\\n'/metrics$'\\n'x STEP_POLICY[$name]=keep STEP_PID[$name]=''
  ROLES+=("\${name%-0}") ENDPOINT[\${name%-0}]=generate WANTED[\${name%-0}]=1
  fine "$name"; page "$name" 0 5
done
`;

/** What the events of the run are, without their times. */
async function watched(canary: boolean, script: string) {
  const { code, err } = await run.bash(`${START}${expectHangs(canary)}\n${script}`);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const events = existsSync(join(run.dir, 'events.jsonl')) ? run.events() : [];
  return events.map(({ time: _, ...event }) => event);
}

const HUNG = {
  ...{ kind: 'hung', step: 'decode-0', role: 'decode', node: 'node2', file: 'logs/decode-0.stacks' },
  ...{ process: 'sglang::scheduler', pid: 7, state: 'T (stopped)', stack: 'recv (scheduler.py:9)' },
};

describe('a worker is hung', () => {
  test('when its canary fails, and nothing that it counts moves', async () => {
    const script =
      'at 10; at 100; page decode-0 3 6; at 110; at 130; failing decode-0; at 160; at 170; at 180; at 900';
    expect(await watched(true, script)).toEqual([
      {
        ...HUNG,
        seconds: 60,
        requests: 3,
        reason:
          'decode-0 on node1 stands still: it has 3 requests in flight, and has given no token for 60 s',
      },
    ]);
  });

  test('when it has been silent, and its canary fails', async () => {
    expect(await watched(true, 'at 10; at 5000; failing decode-0; at 5010')).toEqual([
      {
        ...HUNG,
        seconds: 60,
        requests: 0,
        reason: 'decode-0 on node1 stands still: it has given no token to a canary for 60 s',
      },
    ]);
  });

  test('when it does not answer, although others do', async () => {
    expect(await watched(true, 'at 10; gone decode-0; at 20; at 70; at 79; at 80')).toEqual([
      {
        ...HUNG,
        seconds: 60,
        reason: 'decode-0 on node1 stands still: it has not answered for 60 s',
      },
    ]);
  });

  test('when clients give up, whose answers end then, and Dynamo takes that for a token', async () => {
    const script = `at 10; i=0; for now in 20 30 40 50 60 70; do page decode-0 1 5 $((i * 17)) $((++i)); at $now; done
page decode-0 0 5 $((i * 17)) $i; at 79; at 80`;
    expect(await watched(true, script)).toMatchObject([{ kind: 'hung', step: 'decode-0', seconds: 60 }]);
  });

  test('without a canary, when its page of metrics does not come', async () => {
    const script = 'rm "$RUN_DIR"/*-0-health; at 10; gone decode-0; at 20; at 70; at 80';
    expect(await watched(false, script)).toMatchObject([{ kind: 'hung', step: 'decode-0', seconds: 60 }]);
  });

  test('without a canary, when it has requests and nothing moves; a prefill worker before the one that waits for it', async () => {
    const script = 'at 10; page prefill-0 1 5; page decode-0 2 5; at 20; at 80';
    expect(await watched(false, script)).toEqual([
      {
        ...{ ...HUNG, step: 'prefill-0', role: 'prefill', file: 'logs/prefill-0.stacks' },
        seconds: 60,
        requests: 1,
        reason:
          'prefill-0 on node1 stands still: it has 1 request in flight, and has given no token for 60 s',
      },
    ]);
  });
});

describe('a worker is not hung', () => {
  test.each([
    [
      'while chunks of a long prefill move its counters',
      'page decode-0 1 5; at 10; failing decode-0; for now in 60 110 160 210; do page decode-0 1 $now; at $now; done',
    ],
    [
      'while its log tells of batches',
      'page decode-0 1 5; at 10; failing decode-0; for now in 60 110 160 210; do echo "Prefill batch. #new-seq: $now" >>"$RUN_DIR/logs/decode-0.node1.log"; at $now; done',
    ],
    ['before its first canary has passed', 'failing decode-0; at 10; at 70; at 120'],
    ['while it has nothing to do', 'at 10; at 5000; at 9000'],
    [
      'while answers come, even if neither its metrics nor its log tell of work, and clients give up',
      'page decode-0 1 -; at 10; for now in 60 110 160 210; do page decode-0 9 - $((now * 100)) $now; at $now; done',
    ],
    [
      'when a client has given up, and nobody has asked for anything since',
      'at 10; page decode-0 1 5; at 20; page decode-0 0 5 17 1; at 30; at 90; at 500',
    ],
    [
      'when its page does not come for once',
      'page decode-0 2 5 900; at 10; rm "$RUN_DIR/decode-0-metrics"; at 100; page decode-0 0 5 900; at 110; at 900',
    ],
    [
      'when this node cannot ask anybody',
      'at 10; for each in decode-0 prefill-0 frontend; do gone $each; done; at 20; at 90; at 900',
    ],
    [
      'when it is started again meanwhile',
      'at 10; failing decode-0; at 60; STEP_SINCE[decode-0]=2; at 69; at 71; at 120',
    ],
    [
      'when it has not answered once',
      'at 10; gone decode-0; at 20; fine decode-0; page decode-0 0 5; at 70; gone decode-0; at 80; at 130',
    ],
  ])('%s', async (_, script) => {
    expect(await watched(true, script)).toEqual([]);
  });

  test('while it is profiled, and may write a trace', async () => {
    const script = `mkdir -p "$RUN_DIR/profiles/1"; echo '{"workers": ["decode-0"]}' >"$RUN_DIR/profiles/1/profile.json"
at 10; failing decode-0; at 70; at 200; : >"$RUN_DIR/profiles/1/ended"; at 270`;
    expect((await watched(true, script)).map(({ kind, seconds }) => [kind, seconds])).toEqual([['hung', 70]]);
  });

  test('while a compiler is at work among its processes, but ten times in a row at most', async () => {
    run.file('stacks', 'process node1 7 R sglang::scheduler\ncompiles node1 nvcc\n');
    const script =
      'at 10; failing decode-0; for now in 70 130 190 250 310 370 430 490 550 610 670; do at $now; done';
    expect((await watched(true, script)).map(({ kind, seconds }) => [kind, seconds])).toEqual([['hung', 60]]);
  });
});

test('a worker that was hung goes on', async () => {
  const events = await watched(true, 'at 10; failing decode-0; at 70; page decode-0 0 6; at 100');
  expect(events.slice(1)).toEqual([{ kind: 'answers-again', step: 'decode-0', seconds: 90 }]);
});

test('requests that wait although the canary passes are a stall, and nobody is ended for it', async () => {
  const script = 'at 10; page decode-0 2 5; at 20; at 120; at 130; at 500; page decode-0 2 6; at 510';
  expect(await watched(true, script)).toEqual([
    {
      kind: 'stalled',
      step: 'decode-0',
      reason:
        'decode-0 on node1 has 2 requests in flight, and has shown no progress for 120 s, although its engine answers a canary: look at the workers that it exchanges KV caches with',
    },
    { kind: 'answers-again', step: 'decode-0', seconds: 500 },
  ]);
});

test('a hung worker is told to end, and its policy follows', async () => {
  const script = `STEP_POLICY[decode-0]=restart=2; bash -c 'trap "exit 7" USR2; : >"$RUN_DIR/heeds"; while :; do read -t 0.05; done' <> <(:) & STEP_PID[decode-0]=$!; GRACE=8
until [[ -e $RUN_DIR/heeds ]]; do sleep 0.02; done
at 10; failing decode-0; at 70; wait "\${STEP_PID[decode-0]}"; echo "$? \${STEP_STATE[decode-0]} \${STEP_UNTIL[decode-0]}" >"$RUN_DIR/end"`;
  const events = await watched(true, script);
  expect(events.slice(1)).toEqual([
    {
      kind: 'worker-restarting',
      reason: 'decode-0 on node1 stands still: it has given no token to a canary for 60 s',
      ...{ step: 'decode-0', role: 'decode', node: 'node2', restart: 1, of: 2, delay: 1 },
      line: 'stands still: sglang::scheduler (pid 7), T (stopped), in recv (scheduler.py:9)',
    },
  ]);
  const { out } = await run.bash('cat "$RUN_DIR/end"');
  expect(out).toBe('7 ending 78\n');
});
