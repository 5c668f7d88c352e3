import { expect, test } from 'vitest';
import { readState } from '../../../src/scheduler/job-state.ts';

test.each([
  ['PENDING', { word: 'PENDING', phase: 'pending' }],
  ['REQUEUE_HOLD', { word: 'REQUEUE_HOLD', phase: 'pending' }],
  ['CONFIGURING', { word: 'CONFIGURING', phase: 'starting' }],
  ['RUNNING', { word: 'RUNNING', phase: 'running' }],
  ['SUSPENDED', { word: 'SUSPENDED', phase: 'suspended' }],
  ['COMPLETING', { word: 'COMPLETING', phase: 'ending' }],
  ['COMPLETED', { word: 'COMPLETED', phase: 'ended', end: 'completed' }],
  ['CANCELLED by 1000', { word: 'CANCELLED', phase: 'ended', end: 'cancelled' }],
  ['CANCELLED+', { word: 'CANCELLED', phase: 'ended', end: 'cancelled' }],
  ['PREEMPTED', { word: 'PREEMPTED', phase: 'ended', end: 'cancelled' }],
  ['TIMEOUT', { word: 'TIMEOUT', phase: 'ended', end: 'timeout' }],
  ['NODE_FAIL', { word: 'NODE_FAIL', phase: 'ended', end: 'failed' }],
  ['OUT_OF_MEMORY', { word: 'OUT_OF_MEMORY', phase: 'ended', end: 'failed' }],
  // A state of a release to come is not a failure.
  ['HIBERNATING', { word: 'UNKNOWN', phase: 'unknown' }],
  ['', { word: 'UNKNOWN', phase: 'unknown' }],
  ['4', { word: 'UNKNOWN', phase: 'unknown' }],
])('reads the state %j', (text, state) => {
  expect(readState(text)).toEqual(state);
});
