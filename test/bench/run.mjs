// `npm run bench`: the figures that dyn-slurm promises. Times are compared with `node -e 0` in the same rounds, so
// that they hold on a slow or busy machine too. Prints a table; exits 1 if a limit is broken.
// `npm run bench -- --cluster` measures on a real Slurm instead, which it brings up; see test/cluster.
// `npm run bench -- --gpu` measures with a real engine on this machine's GPU instead; see docs/gpu.md.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleProgram } from '../../scripts/bundle-program.mjs';
import { bundleGpuTest } from '../gpu/bundle.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 31);
const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'dist/main.js');
const scratch = mkdtempSync(join(tmpdir(), 'dyn-slurm-bench-'));
const rows = [];

try {
  node(['scripts/build.mjs']);
  if (process.argv.includes('--cluster')) {
    await cluster();
  } else if (process.argv.includes('--gpu')) {
    await gpu(process.argv.slice(2).filter((word) => word !== '--gpu'));
  } else {
    startUp();
    await growth();
    await logReading();
    manyRuns();
    imports();
    rehearsal();
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
print();
process.exitCode = rows.some(({ verdict }) => verdict === 'FAIL') ? 1 : 0;

/** Start of the program and a dry-run, as multiples of the start of Node. */
function startUp() {
  const config = join(root, 'configs/dsr1-gb200-14-nodes.yaml');
  const ratios = paired({
    '--version': [main, '--version'],
    '--help': [main, '--help'],
    'submit --dry-run, 14 GB200 nodes': [main, 'submit', config, '--dry-run'],
  });
  const limits = [1.7, 1.7, 2.67];
  for (const [index, [name, { ratio, ms }]] of Object.entries(ratios).entries()) {
    row(
      name,
      `${ratio.toFixed(2)} × node -e 0 (${ms.toFixed(0)} ms)`,
      `≤ ${limits[index]} ×`,
      ratio <= limits[index],
    );
  }
}

/** Medians of each command's time over the bare Node's of the same round. */
function paired(commands) {
  const names = Object.keys(commands);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  const base = [];
  for (let round = 0; round < ROUNDS; round++) {
    base.push(elapsed(['-e', '0']));
    for (const name of names) times[name].push(elapsed(commands[name]));
  }
  row('node -e 0', `${median(base).toFixed(0)} ms`, '', undefined);
  return Object.fromEntries(
    names.map((name) => [
      name,
      { ms: median(times[name]), ratio: median(times[name].map((time, round) => time / base[round])) },
    ]),
  );
}

/** Plan and render, each size in a process of its own. */
async function growth() {
  const program = join(scratch, 'plan-render.mjs');
  await bundleProgram('test/bench/plan-render.ts', program);
  const sizes = [10, 100, 1000].map((nodes) => {
    const runs = Array.from({ length: 5 }, () => JSON.parse(node([program, root, String(nodes)])));
    return { nodes, ms: median(runs.map(({ ms }) => ms)), mb: median(runs.map(({ mb }) => mb)) };
  });
  for (const [index, { nodes, ms, mb }] of sizes.entries()) {
    const each = ms / nodes;
    const before = index === 0 ? Number.POSITIVE_INFINITY : sizes[index - 1].ms / sizes[index - 1].nodes;
    row(
      `plan and render, ${nodes} nodes`,
      `${each.toFixed(3)} ms a node`,
      index === 0 ? '' : '≤ that of the size before',
      index === 0 ? undefined : each <= before,
    );
    if (nodes !== 1000) continue;
    row(`plan and render, ${nodes} nodes`, `${ms.toFixed(0)} ms`, '< 1000 ms', ms < 1000);
    row(`plan and render, ${nodes} nodes`, `${mb.toFixed(0)} MB peak`, '< 200 MB', mb < 200);
  }
}

/**
 * Logs of 200 nodes, as `watch` reads them. A busy machine gives a process less than a core, so that the parser's figure is
 * of the time that it had one: the best round, since what the caches of a shared core cost is not the parser's.
 */
async function logReading() {
  const program = join(scratch, 'log-reading.mjs');
  await bundleProgram('test/bench/log-reading.ts', program);
  const folder = join(scratch, 'logs');
  node([program, 'files', folder, '200', '2']);
  const joined = join(scratch, 'joined.log');
  const some = readdirSync(folder).slice(0, 32);
  writeFileSync(joined, Buffer.concat(some.map((name) => readFileSync(join(folder, name)))));
  const path = JSON.parse(node([program, 'path', joined]));
  row(
    'logs: bytes to lines to parser to window',
    `${path.cpu.toFixed(0)} MB/s of CPU time (${path.wall.toFixed(0)} MB/s by the clock)`,
    '≥ 25 MB/s',
    path.cpu >= 25,
  );
  const { mb, seconds } = JSON.parse(node([program, 'watch', folder]));
  row(
    'logs of 200 files, 400 MB',
    `${mb.toFixed(0)} MB peak (${seconds.toFixed(1)} s)`,
    '≤ 200 MB',
    mb <= 200,
  );
  const narrow = spawnSync('bash', [
    '-c',
    `ulimit -n 256 && exec "$@"`,
    'bash',
    process.execPath,
    program,
    'watch',
    folder,
  ]);
  row(
    'the same with 256 open files at most',
    narrow.status === 0 ? 'read' : 'failed',
    'read',
    narrow.status === 0,
  );
}

/** `status` where there are 10,000 runs, beside `status` where there are the 20 that it shows; a second apart each. */
function manyRuns() {
  const events = readFileSync(join(root, 'test/fixtures/runs/served.jsonl'));
  const fill = (name, count) => {
    const runs = join(scratch, name);
    for (let index = 0; index < count; index++) {
      const dir = join(runs, `r-${index.toString(16).padStart(6, '0')}`);
      const submitted = new Date(Date.UTC(2025, 10, 24) + index * 1000).toISOString();
      mkdirSync(dir, { recursive: true });
      writeFileSync(
        join(dir, 'job.json'),
        JSON.stringify({ jobId: String(index + 1), cluster: 'default', submitted }),
      );
      writeFileSync(join(dir, 'events.jsonl'), events);
    }
    return runs;
  };
  const [few, many] = [fill('few-runs', 20), fill('many-runs', 10_000)];
  const rounds = Array.from({ length: Math.min(ROUNDS, 11) }, () => [statusOf(few), statusOf(many)]);
  const ratio = median(rounds.map(([one, other]) => other.ms / one.ms));
  const ms = median(rounds.map(([, { ms: each }]) => each));
  const mb = Math.max(...rounds.map(([, { mb: each }]) => each));
  row('status, 10,000 runs', `${ratio.toFixed(2)} × with 20 runs (${ms.toFixed(0)} ms)`, '≤ 3 ×', ratio <= 3);
  row('status, 10,000 runs', `${mb.toFixed(0)} MB peak`, '≤ 150 MB', mb <= 150);
}

/** 500 recipes of srt-slurm, imported and planned by one command. */
function imports() {
  const fixtures = join(root, 'test/fixtures/recipes');
  const names = readdirSync(fixtures).filter((name) => /^v\d.*\.yaml$/.test(name));
  const folder = join(scratch, 'recipes');
  mkdirSync(folder);
  for (let index = 0; index < 500; index++) {
    const text = readFileSync(join(fixtures, names[index % names.length]));
    writeFileSync(join(folder, `${index}.yaml`), text);
  }
  const words = ['import', folder, '--check', '--json', '--out', join(scratch, 'imported')];
  const { status, stdout, cpu, mb } = measured(words, {});
  const { files } = JSON.parse(stdout);
  if (status !== 3 || files.length !== 500) throw new Error(`import ended with ${status}`);
  row('import and plan 500 recipes', `${cpu.toFixed(1)} s of CPU time`, '≤ 20 s', cpu <= 20);
  row('import and plan 500 recipes', `${mb.toFixed(0)} MB peak`, '≤ 400 MB', mb <= 400);
}

/** What `status` of a runs folder takes: milliseconds by the clock, and MB at most. */
function statusOf(runs) {
  const { status, stdout, stderr, ms, mb } = measured(['status'], { DYN_SLURM_RUNS: runs });
  if (status !== 0 || stdout.split('\n').length !== 22)
    throw new Error(`status ended with ${status}: ${stdout}${stderr}`);
  return { ms, mb };
}

/** A command, with what it took: milliseconds by the clock, seconds of CPU time, and MB at most. */
function measured(words, env) {
  const tell =
    'process.on("exit",()=>{const u=process.resourceUsage();process.stderr.write(`\\ntook ${u.maxRSS} ${u.userCPUTime+u.systemCPUTime}`)})';
  const args = ['--import', `data:text/javascript,${encodeURIComponent(tell)}`, main, ...words];
  const start = process.hrtime.bigint();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, HOME: scratch, ...env },
  });
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  const [, peak, micros] = /\ntook (\d+) (\d+)$/.exec(stderr) ?? [];
  if (peak === undefined) throw new Error(`${words[0]} ended with ${status}: ${stderr}`);
  return { status, stdout, stderr, ms, mb: Number(peak) / 1024, cpu: Number(micros) / 1e6 };
}

/** From submit to ready of the eight-node config, where the tools are installed. */
function rehearsal() {
  const name = 'rehearsal of 8 nodes, submit to ready';
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, 'rehearse', join(root, 'configs/dsr1-wideep-h100.yaml'), '--json'],
    { encoding: 'utf8', timeout: 180_000, env: { ...process.env, DYN_SLURM_RUNS: join(scratch, 'runs') } },
  );
  const [run] = readdirSync(join(scratch, 'runs'));
  const read = (file) => readFileSync(join(scratch, 'runs', run, file), 'utf8');
  const ready = read('events.jsonl')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .find(({ kind }) => kind === 'ready');
  if (status !== 0 || !ready) throw new Error(`the rehearsal ended with ${status}: ${stdout}${stderr}`);
  const seconds = (Date.parse(ready.time) - Date.parse(JSON.parse(read('job.json')).submitted)) / 1000;
  row(name, `${seconds.toFixed(1)} s`, '≤ 10 s', seconds <= 10);
}

/** On a real Slurm: the start of all workers beside bare sruns, and how soon people are told. */
async function cluster() {
  const program = join(root, 'test/cluster/bench.bundle.mjs');
  await bundleProgram('test/bench/cluster.ts', program);
  let figures;
  try {
    figures = JSON.parse(node([program]));
  } finally {
    rmSync(program);
  }
  for (const { workers, queued, bare, ours } of figures.starts) {
    const ratio = (queued + ours) / (queued + bare);
    row(
      `accepted to ${workers} workers running`,
      `${ratio.toFixed(2)} × bare sruns (${queued.toFixed(0)} ms to the job's first line, then ${ours.toFixed(0)} and ${bare.toFixed(0)} ms)`,
      '≤ 1.3 ×',
      ratio <= 1.3,
    );
  }
  row('worker killed to its cause shown', `${figures.cause} ms`, '≤ 2000 ms', figures.cause <= 2000);
  row('ready to ready shown', `${figures.ready} ms`, '≤ 1000 ms', figures.ready <= 1000);
}

/** A real engine: the same load by hand and through dyn-slurm, and how much later an engine says its first line. */
async function gpu(words) {
  const program = await bundleGpuTest('overhead', scratch);
  const figures = JSON.parse(node([program, '--package', root, ...words]));
  if (figures.skipped) return row('a real engine', `skipped: ${figures.skipped}`, '', undefined);
  const { ratios, addedMs, processMs } = figures;
  for (const [name, ratio] of Object.entries(ratios))
    row(
      `${name}, through dyn-slurm over by hand`,
      ratio.toFixed(3),
      'within 2 %',
      Math.abs(ratio - 1) <= 0.02,
    );
  row("submit to the engine's process", `${processMs.toFixed(0)} ms`, '< 1000 ms', processMs < 1000);
  row(
    "submit to the engine's first line, beyond by hand",
    `${addedMs.toFixed(0)} ms`,
    '< 1000 ms',
    addedMs < 1000,
  );
}

function elapsed(args) {
  const start = process.hrtime.bigint();
  node(args);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function node(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 1_800_000,
  });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function row(figure, measured, limit, passed) {
  rows.push({ figure, measured, limit, verdict: passed === undefined ? '' : passed ? 'PASS' : 'FAIL' });
}

function print() {
  const keys = ['figure', 'measured', 'limit', 'verdict'];
  const widths = keys.map((key) => Math.max(key.length, ...rows.map((row) => row[key].length)));
  const line = (cells) =>
    `${cells
      .map((cell, index) => cell.padEnd(widths[index]))
      .join('  ')
      .trimEnd()}\n`;
  process.stdout.write(line(keys));
  for (const row of rows) process.stdout.write(line(keys.map((key) => row[key])));
}
