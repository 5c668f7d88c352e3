import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from './run-folder.ts';

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const pick = <Item>(items: readonly Item[], random: () => number): Item =>
  items[Math.floor(random() * items.length)] as Item;

/** What a terminal would obey: it sets its title and clipboard, opens a link, clears the screen, turns the text. */
const ESCAPES =
  '\u001b]0;title\u0007 \u001b]52;c;cm0gLXJm\u001b\\ \u001b]8;;http://x/\u001b\\link\u001b]8;;\u001b\\ \u001b[2J\u001b[31m \u009b2J \u009d0;t\u009c \u001bPq\u001b\\ \u001b_x\u001b\\ \u0000\b\r\u007f\u0085 \u202e\u2066\u200f \ud800';

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

const DEEP = '@deep@';
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 0.5, 1e308, -1e308, 9e15, 2 ** 53, '', 'x', ESCAPES, DEEP],
  ...['1e999', '9999-99-99T99:99:99Z', '+275760-09-13T00:00:00.001Z', '-000001-01-01T00:00:00Z', '__proto__'],
  ...[
    '../../../../etc/passwd',
    '/dev/zero',
    'http://[::1',
    'javascript:alert(1)',
    '<script>alert(1)</script>',
  ],
  ...[[], {}, [null], [[]], [{}], [1, 'a', null], { a: null }, { length: 1e9 }, { toString: 1 }, nested(40)],
  'long '.repeat(20_000),
];

/** Puts a hostile value in one place of a JSON value, takes the place away, or leaves only that value. */
function mutated(value: unknown, random: () => number): unknown {
  const places: (readonly (string | number)[])[] = [];
  const walk = (at: unknown, path: readonly (string | number)[]) => {
    places.push(path);
    if (typeof at !== 'object' || at === null) return;
    for (const [key, inner] of Object.entries(at)) walk(inner, [...path, key]);
  };
  walk(value, []);
  // Depth is chosen first: a plan has thousands of leaves, and few places that everything hangs on.
  const depth = Math.floor(random() * (1 + Math.max(...places.map(({ length }) => length))));
  const path = pick(
    places.filter(({ length }) => length === depth),
    random,
  );
  const key = path.at(-1);
  if (key === undefined) return pick(VALUES, random);
  const copy = structuredClone(value);
  let parent = copy as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) parent = parent[step] as Record<string | number, unknown>;
  if (random() < 0.15) delete parent[key];
  else parent[key] = pick(VALUES, random);
  return copy;
}

const textOf = (value: unknown): string =>
  JSON.stringify(value).replaceAll(`"${DEEP}"`, '['.repeat(20_000) + ']'.repeat(20_000));

const LINES: readonly string[] = [
  ...['', 'null', '[]', '5', '"text"', '{', '{"time":5,"kind":[]}', '{"kind":"verdict"}', `\u0000${ESCAPES}`],
  ...['{"__proto__":{"kind":"ready"}}', '{"kind":"__proto__","time":"x"}', '{"kind":"toString","time":""}'],
  `${'['.repeat(20_000)}`,
  `{"time":"2025-11-24T05:43:00.000Z","kind":"new","deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
  `{"time":"2025-11-24T05:43:00.000Z","kind":"${'k'.repeat(100_000)}"}`,
  `{"time":${JSON.stringify(ESCAPES)},"kind":${JSON.stringify(ESCAPES)},"reason":${JSON.stringify(ESCAPES)}}`,
];

function mutateJson(path: string, random: () => number): string {
  const text = mutated(JSON.parse(readFileSync(path, 'utf8')), random);
  writeFileSync(path, textOf(text));
  return `a value in ${path}`;
}

/** Some lines of JSON get another value, and lines of other kinds come between. */
function mutateLines(path: string, random: () => number): string {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const changed = lines.flatMap((line) => {
    const one = random() < 0.3 ? textOf(mutated(JSON.parse(line), random)) : line;
    return random() < 0.05 ? [one, pick(LINES, random)] : [one];
  });
  writeFileSync(path, `${changed.join('\n')}${random() < 0.1 ? '' : '\n'}`);
  return `lines of ${path}`;
}

function mutateText(path: string, random: () => number): string {
  const text = readFileSync(path, 'utf8');
  const at = Math.floor(random() * text.length);
  const until = random() < 0.5 ? at : at + Math.floor(random() * (text.length - at));
  const with_ = pick([ESCAPES, `\n${ESCAPES}\n`, ...LINES, '9'.repeat(400), '\n'.repeat(1000)], random);
  writeFileSync(path, text.slice(0, at) + with_ + text.slice(until));
  return `text in ${path}`;
}

/** Something else in a file's place. */
function mutatePlace(path: string, random: () => number): string {
  const what = pick(
    ['gone', 'cut', 'empty', 'FIFO', 'folder', 'zero', 'outside', 'loop', 'far', 'bytes', 'sparse'],
    random,
  );
  if (what === 'cut') truncateSync(path, Math.floor(statSync(path).size * random()));
  else if (what === 'empty') truncateSync(path, 0);
  else if (what === 'sparse') truncateSync(path, 8 * 1024 * 1024);
  else {
    rmSync(path, { recursive: true });
    if (what === 'FIFO') execFileSync('mkfifo', [path]);
    if (what === 'folder') mkdirSync(path);
    if (what === 'zero') symlinkSync('/dev/zero', path);
    if (what === 'outside') symlinkSync('/etc/passwd', path);
    if (what === 'loop') symlinkSync(path, path);
    if (what === 'far') symlinkSync('../../../../../../nowhere', path);
    if (what === 'bytes') writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00, 0x9b, 0xc2, 0x9b, 0x0a, 0xed]));
  }
  return `${what} in place of ${path}`;
}

/** Names that a hostile node may add. */
const NAMES: readonly string[] = [
  ...[
    'logs/\u001b[2J.node1.log',
    'logs/x.\u001b]0;t\u0007.log',
    'logs/gpu.\u009b.csv',
    'logs/metrics.\u202e.prom',
  ],
  ...['attempts/99999999999999999999/logs/x.y.log', 'attempts/-5/logs/x.y.log', 'attempts/1e3/logs/x.y.log'],
  ...[
    'results/bench-ffffff/bench.json',
    'results/bench-0/point',
    'attempts/0x10',
    'results/c16@\u001b[2J/point',
  ],
];

/** Changes a run folder in one to four places; says which. */
export function mutateFolder(dir: string, random: () => number): string {
  const done: string[] = [];
  const count = 1 + Math.floor(random() * 4);
  while (done.length < count) {
    if (random() < 0.1) {
      const path = join(dir, pick(NAMES, random));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, pick(LINES, random), { flag: 'a' });
      done.push(`more: ${path}`);
      continue;
    }
    const files = readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'job.sbatch')
      .map(({ parentPath, name }) => join(parentPath, name));
    // The events are what everything reads.
    const path = random() < 0.3 ? join(dir, 'events.jsonl') : pick(files, random);
    if (!files.includes(path)) continue;
    try {
      if (random() < 0.2) done.push(mutatePlace(path, random));
      else if (path.endsWith('.jsonl')) done.push(mutateLines(path, random));
      else if (path.endsWith('.json')) done.push(mutateJson(path, random));
      else done.push(mutateText(path, random));
    } catch (error) {
      // What was changed before may be no JSON any more, or too deep to be written.
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      done.push(mutateText(path, random));
    }
  }
  return done.map((each) => each.replaceAll(dir, '')).join('; ');
}

const EVENTS: readonly object[] = [
  {
    kind: 'preflight',
    problems: [],
    warnings: [{ text: 'a word', nodes: ['node1'] }],
    blamed: [{ node: 'node1', reason: 'r' }],
    seconds: 1,
  },
  { kind: 'port-moved', from: '8000', to: '8001', reason: 'taken' },
  { kind: 'image', state: 'found', file: 'i.sqsh', reason: '', seconds: 1 },
  {
    kind: 'worker-restarting',
    reason: 'killed',
    step: 'decode-0',
    role: 'decode',
    restart: 1,
    of: 2,
    delay: 5,
    node: 'node2',
    rank: 0,
    signal: 'KILL',
    line: 'last words',
  },
  { kind: 'recovered', step: 'decode-0', role: 'decode', restart: 1, seconds: 9 },
  {
    kind: 'degraded',
    reason: 'lost',
    step: 'decode-0',
    role: 'decode',
    have: 0,
    want: 1,
    missing: ['decode-0'],
    node: 'node2',
    rank: 0,
    exit: 1,
  },
  { kind: 'unregistered', role: 'decode', have: 0, want: 1, missing: ['decode-0'], reason: 'gone from etcd' },
  { kind: 'registered-again', role: 'decode', have: 1, want: 1, seconds: 3 },
  { kind: 'stalled', step: 'frontend-0', reason: 'no answer' },
  { kind: 'answers-again', step: 'frontend-0', seconds: 3 },
  { kind: 'warning', reason: 'a word', step: 'decode-0', node: 'node2' },
  { kind: 'step-started', step: 'bench', nodes: ['node1'] },
  { kind: 'bench-point', step: 'bench', name: 'bench', state: 'begun', index: 1, of: 3, concurrency: 16 },
  {
    kind: 'bench-point',
    step: 'bench',
    name: 'bench',
    state: 'ended',
    index: 1,
    of: 3,
    concurrency: 16,
    exit: 0,
    seconds: 4,
  },
  { kind: 'session-open', seconds: 5 },
  { kind: 'command', command: 'c1', verb: 'restart', steps: ['decode-0'], from: 'ada' },
  { kind: 'answer', command: 'c1', outcome: 'done', reason: '' },
  { kind: 'step-changed', step: 'decode-0', change: 'none' },
  { kind: 'step-stopped', step: 'decode-0', role: 'decode' },
  { kind: 'step-ended', step: 'decode-0', role: 'decode', reason: 'exit 1', node: 'node2', rank: 0, exit: 1 },
  { kind: 'step-serving', step: 'decode-0', role: 'decode', seconds: 3 },
  {
    kind: 'process-ended',
    reason: 'decode-0 ended',
    step: 'decode-0',
    role: 'decode',
    node: 'node2',
    rank: 0,
    exit: 1,
    line: 'RuntimeError: CUDA out of memory',
  },
  { kind: 'draining', reason: 'stop' },
];

/** A run with everything that a run can leave, valid in all its parts. */
export function fillFolder(dir: string, recorded: readonly string[]): void {
  const example = join(packageRoot, 'slurm_jobs/qwen3-benchmark');
  for (const name of ['plan.json', 'bench.json', 'config.yaml', 'job.sbatch'])
    copyFileSync(join(example, name), join(dir, name));
  const time = '2025-11-24T05:44:00.000Z';
  const more = EVENTS.map((event) => JSON.stringify({ time, ...event }));
  const [end, failed] = [
    { time: '2025-11-24T05:44:12.000Z', kind: 'teardown', reason: 'decode-0 ended', outcome: 'failed' },
    {
      kind: 'verdict',
      outcome: 'failed',
      reason: 'decode-0 ended',
      seconds: 73,
      step: 'decode-0',
      role: 'decode',
    },
  ];
  const verdict = {
    time: '2025-11-24T05:44:13.500Z',
    ...failed,
    node: 'node2',
    rank: 0,
    exit: 1,
    line: 'last',
  };
  const head = recorded.filter((line) => !/"kind":"(teardown|verdict)"/.test(line));
  const all = [...head, ...more, JSON.stringify(end), JSON.stringify(verdict)];
  writeFileSync(join(dir, 'events.jsonl'), `${all.join('\n')}\n`);
  const job = {
    jobId: '4242',
    cluster: 'default',
    submitted: '2025-11-24T05:42:50.000Z',
    retryOf: 'a-000000',
  };
  const session = { allocation: 'owned', hosts: ['node1', 'node2'] };
  const facts = {
    ...job,
    attempt: 2,
    dynSlurm: '0.1.0',
    gitCommit: 'abc',
    ...(dir.length % 2 === 0 && { session }),
  };
  writeFileSync(join(dir, 'job.json'), JSON.stringify(facts));
  const files: Readonly<Record<string, string>> = {
    'job.log': 'dyn-slurm: a line\nsrun: error: node2: task 0: Exited with exit code 1\n',
    'logs/decode-0.node2.log': readFileSync(
      join(packageRoot, 'test/recorded/sglang/0.5.9.log'),
      'utf8',
    ).slice(0, 20_000),
    'logs/prefill-0.node1.log': 'Traceback (most recent call last):\nRuntimeError: CUDA out of memory\n',
    'logs/gpu.node1.csv': 'time, index, gpu, memory\n2025/11/24 05:43:10.000, 0, 50 %, 1000 MiB\n',
    'logs/metrics.node1.prom': `# scrape 1763962990000 frontend-0\ndynamo_frontend_requests_total{model="m"} 5\n# scrape 1763963000000 frontend-0\ndynamo_frontend_requests_total{model="m"} 9\n`,
    'cancelled.json': '{"time":"2025-11-24T05:44:12.000Z"}',
    'submitted.json': '{"time":"2025-11-24T05:44:12.000Z"}',
    'commands/changes/aaaaaa/change.json':
      '{"settings":{"args":{},"env":{}},"made":"2025-11-24T05:44:12.000Z"}',
    'profiles/20251124-054400/profile.json': '{"run":"r","tool":"torch","workers":["decode-0"]}',
    'profiles/20251124-054400/decode-0/trace.json.gz': 'x',
    'state/decode-0.0.exit': '1 decode-0 node2\n',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  const result = join(packageRoot, 'test/recorded/bench/sglang-0.5.9/result.jsonl');
  for (const point of ['c16', 'c64', 'c256']) {
    const folder = join(dir, 'results/bench', point);
    mkdirSync(folder, { recursive: true });
    copyFileSync(result, join(folder, 'result.jsonl'));
    writeFileSync(
      join(folder, 'point'),
      'started 1763963040000\nended 1763963045000\nstatus 0\nhow itself\n',
    );
  }
  const other = join(dir, 'results/bench-aaaaaa');
  mkdirSync(join(other, 'c1'), { recursive: true });
  const outline = JSON.parse(readFileSync(join(dir, 'bench.json'), 'utf8')) as object;
  const own = {
    name: 'bench-aaaaaa',
    type: 'builtin',
    made: time,
    points: [{ folder: 'c1', concurrency: 1, prompts: 5 }],
  };
  writeFileSync(join(other, 'bench.json'), JSON.stringify({ ...outline, ...own }));
  writeFileSync(
    join(other, 'c1/point'),
    'started 1763963040000\nended 1763963045000\nstatus 0\nhow itself\n',
  );
  const shares = { mean: 1, p50: 1, p90: 2, p95: 2, p99: 3, min: 0, max: 4 };
  const measured = {
    completed: 5,
    failed: 0,
    seconds: 1,
    inputTokens: 50,
    outputTokens: 60,
    ttft: shares,
    itl: shares,
    e2e: shares,
  };
  writeFileSync(
    join(other, 'c1/result.json'),
    JSON.stringify({
      schema: 'dyn-slurm/bench-client/1',
      concurrency: 1,
      prompts: 5,
      ...measured,
      requestsPerSecond: 5,
      outputTokensPerSecond: 60,
      totalTokensPerSecond: 110,
    }),
  );
}
