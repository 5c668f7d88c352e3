import { expect, test } from 'vitest';
import { signatureOf } from '../../../src/causes/signature.ts';
import { adviceFor } from '../../../src/observe/advice.ts';
import { nextStep } from '../../../src/observe/known-cause.ts';
import type { EventOf } from '../../../src/run/events.ts';

const MISSING = "ModuleNotFoundError: No module named 'uvloop'";

const VERDICT: EventOf<'verdict'> = {
  kind: 'verdict',
  time: '2026-11-30T08:00:00.000Z',
  outcome: 'failed',
  reason: '',
  seconds: 8,
};

test('a module that an installation lacks is a matter of dynamo.install, and no fault of the image', () => {
  expect(adviceFor({ step: 'decode-0', line: MISSING })).toMatch(/^the image or the node lacks it: /);
  expect(adviceFor({ step: 'install', line: MISSING })).toMatch(/^see dynamo\.install, install_cache /);
  const verdict = { ...VERDICT, reason: 'Dynamo is not installed', step: 'install', line: MISSING };
  expect(nextStep(verdict, undefined)).toMatch(/^see dynamo\.install, install_cache /);
});

test('what fails in an installation for another known reason has the advice on that', () => {
  const line = 'OSError: [Errno 28] No space left on device';
  expect(adviceFor({ step: 'install', line })).toBe(adviceFor({ step: 'decode-0', line }));
});

test.each([
  ['T (stopped), in recv (scheduler.py:9)', /^somebody, or a program, has stopped the process with SIGSTOP/],
  ['t (stopped by a debugger)', /^a debugger holds the process/],
  ['D (waits in the kernel)', /^the process waits in the kernel for a driver or a file system/],
  ['sleeping', /^the stacks of all its processes are in logs\/decode-0\.stacks: a rank/],
])(
  'a worker that stands still in state %s has the advice on that, whatever older lines of its log say',
  (state, advice) => {
    const line = `stands still: sglang::scheduler_TP0 (pid 4711), ${state}`;
    const missing = signatureOf(MISSING);
    if (missing === undefined) throw new Error('no signature');
    const known = {
      signature: missing,
      line: MISSING,
      advice: 'x',
      log: { step: 'decode-0', node: 'n1', path: '/x' },
    };
    expect(nextStep({ ...VERDICT, reason: 'decode-0 stands still', step: 'decode-0', line }, known)).toMatch(
      advice,
    );
  },
);
