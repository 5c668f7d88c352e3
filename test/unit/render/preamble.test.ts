import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../world.ts';
import { RunFolder } from './run-folder.ts';

const TEMPLATES = join(packageRoot, 'templates');

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
  writeFileSync(join(run.dir, 'job.sbatch'), '');
});
afterEach(() => run.dispose());

/** What the job's shell and a step of it have after a preamble; and how the job would end. */
async function after(preamble: string, show: string) {
  run.file('preamble.sh', `${preamble}\n`);
  const { err } = await run.bash(`
trap 'event verdict reason="$REASON"' EXIT
cd /tmp; NODE=(node1); before=$(set +o; shopt; umask; trap; pwd; declare -F)
take_preamble >/dev/null
[[ $before == "$(set +o; shopt; umask; trap; pwd; declare -F)" ]] || echo 'the shell has changed' >&2
NODE=(node1) MODEL=ours
plan_step decode-0 worker decode end 0 -- bash -c '${show}' "$RUN_DIR/shown"
start_step decode-0
wait
end succeeded -`);
  const reasons = run.events().filter(({ kind }) => kind !== 'step-started');
  const shown = join(run.dir, 'shown');
  const out = existsSync(shown) ? readFileSync(shown, 'utf8') : undefined;
  return {
    out,
    err,
    reasons: reasons.map(({ kind, reason }) => (kind === 'warning' ? `warning: ${reason}` : reason)),
  };
}

const FINE = { err: '', reasons: ['-'] };

test.each([
  ['set -e', 'set -e'],
  ['set -x', 'set -x'],
  ['set -u', 'set -u'],
  ['traps', "trap 'echo trapped' ERR DEBUG TERM USR1; trap 'exit 5' EXIT"],
  ['IFS', 'IFS=o'],
  ['a folder', 'cd /'],
  ['redirections', 'exec >/dev/null 2>&1 </dev/null'],
  [
    'functions named like ours',
    'event() { exit 7; }; export -f event; env() { :; }; mv() { :; }; trap() { :; }',
  ],
  ['aliases', 'shopt -s expand_aliases; alias event=false printf=false'],
  ['umask and options', 'umask 000; shopt -s nullglob extglob failglob; set -f -o noclobber'],
  ['arguments', 'set -- a b c'],
  ['exit 0', 'exit 0'],
  ['return', 'return 3'],
])('%s in a preamble changes nothing of ours, and its environment reaches the steps', async (_, text) => {
  const show = 'echo "$A $LD_LIBRARY_PATH ${PATH%%:*} $NODE $MODEL $STEPS $SECONDS_" >"$0"';
  const exports = 'export A=1 LD_LIBRARY_PATH=/l PATH=/p:$PATH NODE=n MODEL=m STEPS=s SECONDS_=t';
  expect(await after(`${exports}\n${text}`, show)).toMatchObject({
    ...(text === 'return 3' ? {} : FINE),
    out: '1 /l /p n m s t\n',
  });
});

test('the job’s shell, which finds Slurm by it, takes over what the preamble names', async () => {
  // As on a cluster, where the preamble lies among our scripts.
  cpSync(TEMPLATES, join(run.dir, 'runtime'), { recursive: true });
  run.file('preamble.sh', 'export LD_LIBRARY_PATH=/l SLURM_TASK_PROLOG=/p STEPS=s\n');
  const { out } = await run.bash(
    'RUNTIME=$RUN_DIR/runtime; take_preamble >/dev/null; echo "${LD_LIBRARY_PATH-} ${SLURM_TASK_PROLOG-} ${STEPS-}"; trap - EXIT',
  );
  expect(out).toBe('/l /p \n');
});

test('what a preamble unsets is unset, and a value of several lines arrives whole', async () => {
  process.env.LEAKED = 'x';
  const show = 'printf %s "${LEAKED-none} $B" >"$0"';
  expect(await after(`unset LEAKED; export B=$'1\\n2='`, show)).toEqual({ ...FINE, out: 'none 1\n2=' });
  delete process.env.LEAKED;
});

test.each([
  [
    'exit 3',
    'echo no license; exit 3',
    'the preamble of the cluster profile failed with exit code 3: no license',
  ],
  ['set -e', 'set -e\nls /nonexistent\necho on', /failed with exit code 2: .*\/nonexistent/],
  [
    'exec',
    'exec true',
    'the preamble of the cluster profile replaced its shell by another program (exec), which has ended',
  ],
  [
    'a syntax error',
    'if true',
    /^the preamble of the cluster profile is not valid bash: .*unexpected end of file/,
  ],
])('a preamble that fails ends the job with its cause: %s', async (_, text, reason) => {
  const { reasons } = await after(text, ':');
  expect(reasons).toEqual([typeof reason === 'string' ? reason : expect.stringMatching(reason)]);
});

test('a last command that fails is a warning', async () => {
  expect((await after('module load nothing', ':')).reasons).toEqual([
    expect.stringMatching(/^warning: the last command of the cluster profile's preamble failed: .*module/),
    '-',
  ]);
});
