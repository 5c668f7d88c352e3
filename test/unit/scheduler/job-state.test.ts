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
  // Since 23.02 squeue can print all flags (`--Format=StateComplete`), and JSON has lists since 23.11.
  ['COMPLETED,COMPLETING', { word: 'COMPLETING', phase: 'ending' }],
  ['RUNNING,CONFIGURING', { word: 'CONFIGURING', phase: 'starting' }],
  ['RUNNING,POWER_UP_NODE', { word: 'POWER_UP_NODE', phase: 'starting' }],
  ['PENDING,REQUEUED', { word: 'REQUEUED', phase: 'pending' }],
  ['RUNNING,SIGNALING', { word: 'SIGNALING', phase: 'running' }],
  ['CANCELLED,COMPLETING', { word: 'COMPLETING', phase: 'ending' }],
  ['NODE_FAIL,LAUNCH_FAILED', { word: 'LAUNCH_FAILED', phase: 'ended', end: 'failed' }],
  ['["RUNNING","COMPLETING"]', { word: 'COMPLETING', phase: 'ending' }],
  ['RUNNING,HIBERNATING', { word: 'RUNNING', phase: 'running' }],
  // 25.11, --requeue=expedite
  ['EXPEDITING', { word: 'EXPEDITING', phase: 'pending' }],
  // A state of a release to come is not a failure.
  ['HIBERNATING', { word: 'UNKNOWN', phase: 'unknown' }],
  ['', { word: 'UNKNOWN', phase: 'unknown' }],
  ['4', { word: 'UNKNOWN', phase: 'unknown' }],
])('reads the state %j', (text, state) => {
  expect(readState(text)).toEqual(state);
});
