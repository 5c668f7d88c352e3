import { expect, test } from 'vitest';
import { adviceFor } from '../../../src/observe/advice.ts';
import { nextStep } from '../../../src/observe/known-cause.ts';
import type { EventOf } from '../../../src/run/events.ts';

const MISSING = "ModuleNotFoundError: No module named 'uvloop'";

test('a module that an installation lacks is a matter of dynamo.install, and no fault of the image', () => {
  expect(adviceFor({ step: 'decode-0', line: MISSING })).toMatch(/^the image or the node lacks it: /);
  expect(adviceFor({ step: 'install', line: MISSING })).toMatch(/^see dynamo\.install, install_cache /);
  const verdict: EventOf<'verdict'> = {
    kind: 'verdict',
    time: '2026-11-30T08:00:00.000Z',
    outcome: 'failed',
    reason: 'Dynamo is not installed',
    seconds: 8,
    step: 'install',
    line: MISSING,
  };
  expect(nextStep(verdict, undefined)).toMatch(/^see dynamo\.install, install_cache /);
});

test('what fails in an installation for another known reason has the advice on that', () => {
  const line = 'OSError: [Errno 28] No space left on device';
  expect(adviceFor({ step: 'install', line })).toBe(adviceFor({ step: 'decode-0', line }));
});
