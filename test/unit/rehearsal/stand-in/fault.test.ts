import { expect, test } from 'vitest';
import { faultText, parseFault, parseFaults } from '../../../../src/rehearsal/fault.ts';

test.each([
  [
    'prefill-0:kill',
    { step: 'prefill-0', rank: 0, action: { kind: 'kill', signal: 'SIGKILL' }, when: 'start', delay: 0 },
  ],
  [
    'decode-0.1:exit=3@ready+2',
    { step: 'decode-0', rank: 1, action: { kind: 'exit', code: 3 }, when: 'ready', delay: 2 },
  ],
  [
    'etcd:stop=20@ready',
    { step: 'etcd', rank: 0, action: { kind: 'stop', seconds: 20 }, when: 'ready', delay: 0 },
  ],
  ['etcd:stop', { step: 'etcd', rank: 0, action: { kind: 'stop' }, when: 'start', delay: 0 }],
  [
    'frontend-0:port=8000',
    { step: 'frontend-0', rank: 0, action: { kind: 'port', port: 8000 }, when: 'start', delay: 0 },
  ],
  [
    'nats:slow=1.5',
    { step: 'nats', rank: 0, action: { kind: 'slow', seconds: 1.5 }, when: 'start', delay: 0 },
  ],
  [
    'nats:kill=TERM@workers-registered',
    {
      step: 'nats',
      rank: 0,
      action: { kind: 'kill', signal: 'SIGTERM' },
      when: 'workers-registered',
      delay: 0,
    },
  ],
  [
    'w:kill@+0.5',
    { step: 'w', rank: 0, action: { kind: 'kill', signal: 'SIGKILL' }, when: 'start', delay: 0.5 },
  ],
])('%s', (spec, fault) => {
  expect(parseFault(spec)).toEqual(fault);
});

test.each([
  ['prefill-0', 'it must have the form STEP[.RANK]:ACTION[@WHEN]'],
  ['', 'it must have the form STEP[.RANK]:ACTION[@WHEN]'],
  ['w.x:kill', 'it must have the form STEP[.RANK]:ACTION[@WHEN]'],
  ['w:explode', '"explode" is not one of exit=N, kill[=SIGNAL], stop[=SECONDS], port=N, slow=SECONDS'],
  ['w:exit', '"" is not a valid exit code'],
  ['w:exit=256', '"256" is not a valid exit code'],
  ['w:kill=FOO', '"FOO" is not a signal'],
  ['w:port=http', '"http" is not a valid port'],
  ['w:slow', '"" is not a number of seconds'],
  ['w:stop=long', '"long" is not a number of seconds'],
  ['w:port=1@ready', '"port" acts at the start and takes no @WHEN'],
  [
    'w:kill@later',
    '"later" is not one of start, nodes-bound, step-started, service-ready, workers-registered, ready, draining, teardown',
  ],
])('%j is refused', (spec, reason) => {
  expect(() => parseFault(spec)).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: `fault "${spec}": ${reason}`,
      hint: 'for example prefill-0:kill, decode-0.1:exit=3@ready+2, etcd:stop=20@ready, frontend-0:port=8000',
    }),
  );
});

test('lists come with commas, or as JSON', () => {
  expect(parseFaults('').length).toBe(0);
  expect(parseFaults('a:kill, b:exit=1').map(({ step }) => step)).toEqual(['a', 'b']);
  expect(parseFaults('["a:kill","b:exit=1"]').map(({ step }) => step)).toEqual(['a', 'b']);
});

test.each([
  ['decode-0:stop@ready', 'decode-0 is suspended permanently, at ready'],
  ['etcd:stop=20@ready+2', 'etcd is suspended for 20 s, 2 s after ready'],
  ['prefill-0.1:exit=3', 'prefill-0, rank 1, exits with code 3, at its start'],
  ['prefill-0:kill@ready', 'prefill-0 gets SIGKILL, at ready'],
  ['decode-0:slow=5', 'decode-0 starts 5 s late'],
  ['frontend-0:port=8000', 'another program listens on port 8000 of the node of frontend-0'],
])('%s is announced', (spec, text) => {
  expect(faultText(parseFault(spec))).toBe(text);
});
