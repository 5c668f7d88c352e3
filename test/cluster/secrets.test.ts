import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterAvailable, down, up } from './cluster.ts';
import { Runs } from './runs.ts';

const unavailable = clusterAvailable();

/** Looks at the arguments of every process until it is told to stop; prints how many it saw, and those with the secret. */
const SCAN = `read -r secret <"$0"
seen=0
while [[ ! -e /tmp/enough ]]; do
  for file in /proc/[0-9]*/cmdline; do
    words=$(tr '\\0' ' ' <"$file") 2>/dev/null
    [[ -n $words ]] && seen=$((seen + 1))
    [[ $words != *"$secret"* ]] || echo "leak: $words"
  done
done
echo "seen $seen"`;

describe.skipIf(unavailable)(`a secret${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: Cluster;
  let runs: Runs;
  beforeAll(async () => {
    cluster = await up({ nodes: 2 });
    runs = new Runs(cluster);
  });
  afterAll(() => down(cluster));
  afterEach(() => runs.clear());

  test('is in the environment of the process that it is for, and nowhere else', async () => {
    const boxes = ['ctl', ...cluster.nodes.map(({ name }) => name)];
    const scans = Promise.all(boxes.map((box) => cluster.onNode(box, ['bash', '-c', SCAN, runs.token])));
    const run = await runs.submit('secret', { prefill: { nodes: 1 }, decode: { nodes: 1 } });
    await runs.event(run, 'ready');
    const said = [
      await runs.cli('status', run.run),
      await runs.cli('logs', run.run),
      await runs.cli(
        'plan',
        runs.config('secret', { prefill: { nodes: 1 }, decode: { nodes: 1 } }),
        '--json',
      ),
      await runs.cli(
        'submit',
        runs.config('secret', { decode: { nodes: 1 }, prefill: { nodes: 1 } }),
        '--dry-run',
        '--full',
      ),
      await cluster.exec(['scontrol', 'show', 'steps', run.jobId]),
      await cluster.exec(['scontrol', 'write', 'batch_script', run.jobId, '-']),
    ];
    for (const { code } of said) expect(code).toBe(0);
    await runs.keepsSecrets(run, said);

    // Whose environment has it, by the name of the step.
    const who = `for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/environ 2>/dev/null | grep -qFf ${runs.token} &&
      tr '\\0' '\\n' <$p/environ | sed -n 's/^SLURM_JOB_NAME=//p'; done | sort -u`;
    const owners = await Promise.all(
      cluster.nodes.map(async ({ name }) => (await cluster.onNode(name, ['bash', '-c', who])).stdout.trim()),
    );
    expect(owners.toSorted()).toEqual(['decode-0', 'prefill-0']);

    await runs.cli('cancel', run.run);
    await runs.ends(run, { code: 9, verdict: { outcome: 'cancelled' } });
    for (const box of boxes) await cluster.onNode(box, ['touch', '/tmp/enough']);
    for (const { stdout } of await scans) expect(stdout).toMatch(/^seen [1-9]\d+\n$/);
  });
});
