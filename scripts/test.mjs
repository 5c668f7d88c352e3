// `npm test`: set-up, then every check and test, then the closing line `N passed, N failed`.
// With arguments only vitest runs, and gets them: `npm test -- --project unit -t quoting`. Without, tests on the test cluster
// run beside the rehearsals: both wait for most of their time, and they share no addresses. The tests with a real engine,
// which keep the machine busy and serve where rehearsals do, come last; the engine's download goes on beside the first checks.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const wanted = process.argv.slice(2);
const tally = { passed: 0, failed: 0 };

if (await dependenciesAreStale()) await must('install dependencies', 'npm', 'ci', '--no-audit', '--no-fund');
await must('build', process.execPath, 'scripts/build.mjs');
await must('install test tools', process.execPath, 'dist/main.js', 'setup', '--with-tests');
const withEngine = process.arch === 'x64' && (wanted.length === 0 || wanted.includes('engine'));
const engine = withEngine ? installEngine() : undefined;
if (wanted.length === 0) {
  await check('biome', 'node_modules/.bin/biome', 'check', '.');
  await check('tsc', 'node_modules/.bin/tsc', '--noEmit');
  await check('tsc of the report', 'node_modules/.bin/tsc', '--noEmit', '-p', 'src/report/client');
  await check('knip', 'node_modules/.bin/knip');
}
if (wanted.length > 0) {
  await engine;
  await vitest(wanted);
} else {
  await vitest(['--project', 'unit']);
  await Promise.all([
    vitest(['--project', 'rehearsal', '--project', 'package'], { beside: true }),
    vitest(['--project', 'cluster'], { beside: true }),
  ]);
  await engine;
  if (withEngine) await vitest(['--project', 'engine']);
  else process.stdout.write(`\nno test with a real engine: it runs on x86_64 only\n`);
}

process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed\n`);
process.exitCode = tally.failed === 0 ? 0 : 1;

/** A stage of the set-up: without it nothing can be tested. */
async function must(title, ...command) {
  process.stdout.write(`\n> ${title}\n`);
  if ((await run(command)) === 0) return;
  process.stdout.write(`\nfailed to ${title}: ${command.join(' ')}\n\n${tally.passed} passed, 1 failed\n`);
  process.exit(1);
}

/** What fails here fails each test with an engine, with its reason. */
async function installEngine() {
  process.stdout.write('\n> install the CPU engine, beside what follows\n');
  const setup = ['dist/main.js', 'setup', '--engine', 'sglang-cpu', '--json'];
  await run([process.execPath, ...setup], { beside: true });
}

async function check(title, ...command) {
  process.stdout.write(`\n> ${title}\n`);
  const passed = (await run(command)) === 0;
  tally[passed ? 'passed' : 'failed'] += 1;
  process.stdout.write(`${title}: ${passed ? 'passed' : 'FAILED'}\n`);
}

async function vitest(words, { beside = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'dyn-slurm-test-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await run(['node_modules/.bin/vitest', 'run', ...reporters, ...words], { beside });
  let failed = 0;
  try {
    failed = count(JSON.parse(await readFile(report, 'utf8')));
  } catch (error) {
    process.stdout.write(`vitest left no report: ${error.message}\n`);
  }
  await rm(folder, { recursive: true, force: true });
  // A crash outside of any test is a failure too.
  if (code !== 0 && failed === 0) tally.failed += 1;
}

/** Adds a report to the tally; what has failed in it. */
function count({ testResults }) {
  const before = tally.failed;
  for (const { status, assertionResults } of testResults) {
    const failed = assertionResults.filter((result) => result.status === 'failed').length;
    tally.passed += assertionResults.filter((result) => result.status === 'passed').length;
    // A file that cannot be loaded has no tests to count.
    tally.failed += status === 'failed' ? Math.max(failed, 1) : failed;
  }
  return tally.failed - before;
}

/** npm keeps what it installed in a lock file of its own. */
async function dependenciesAreStale() {
  try {
    const [wantedLock, installedLock] = await Promise.all(
      ['package-lock.json', 'node_modules/.package-lock.json'].map(async (file) =>
        JSON.parse(await readFile(join(root, file), 'utf8')),
      ),
    );
    return Object.entries(wantedLock.packages).some(
      ([path, { version, optional }]) =>
        path !== '' && !optional && installedLock.packages[path]?.version !== version,
    );
  } catch {
    return true;
  }
}

/** `beside`: others print meanwhile, so that nothing may be drawn over. */
function run([command, ...words], { beside = false } = {}) {
  return new Promise((resolve) => {
    const env = process.stdout.isTTY ? process.env : { NO_COLOR: '1', ...process.env };
    const output = beside ? 'pipe' : 'inherit';
    const child = spawn(command, words, { cwd: root, env, stdio: ['ignore', output, output] });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => process.stdout.write(chunk));
    child.on('error', (error) => {
      process.stdout.write(`${command}: ${error.message}\n`);
      resolve(127);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}
