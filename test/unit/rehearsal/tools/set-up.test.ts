import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { DynSlurmError } from '../../../../src/errors.ts';
import { pidWorld } from '../../../../src/host/pid-world.ts';
import { findTools, stampFile } from '../../../../src/rehearsal/tools/tools.ts';
import { Machine } from './machine.ts';

describe('a set-up', () => {
  test('brings all tools, and does nothing the next time', async () => {
    const machine = new Machine();
    expect(findTools(machine.place)).toBeUndefined();
    const tools = await machine.setUp();
    expect(machine.story()).toEqual([
      'python started',
      'python done: python3 3.11.7',
      'dynamo started',
      'servers started',
      ...machine.story().slice(4, 6),
      'check started',
      'check done: dynamo.frontend and dynamo.mocker load',
    ]);
    expect(machine.story().slice(4, 6).sort()).toEqual([
      'dynamo done: ai-dynamo 1.6.1 and 10 packages',
      'servers done: etcd 3.5.1, nats-server 2.15.1, nginx 1.31.3',
    ]);
    expect(readdirSync(tools.folder).sort()).toEqual(['bin', 'stamp.json', 'venv']);
    expect(readdirSync(tools.bin).sort()).toEqual(['etcd', 'nats-server', 'nginx']);
    expect(readdirSync(machine.place.cache)).toEqual([tools.folder.split('/').at(-1)]);
    expect(JSON.parse(readFileSync(stampFile(tools.folder), 'utf8'))).toMatchObject({
      python: '3.11.7',
      packages: { 'ai-dynamo': '1.6.1', 'ai-dynamo-runtime': '1.6.1' },
      servers: ['etcd 3.5.1', 'nats-server 2.15.1', 'nginx 1.31.3'],
    });
    machine.events.length = 0;
    expect(await machine.setUp()).toEqual(tools);
    expect(findTools(machine.place)).toEqual(tools);
    expect(machine.story()).toEqual([]);
  });

  test('adds shellcheck to tools that are there', async () => {
    const machine = new Machine();
    const tools = await machine.setUp();
    expect(findTools(machine.place, { withTests: true })).toBeUndefined();
    machine.events.length = 0;
    await machine.setUp({ withTests: true });
    expect(machine.story()).toEqual(['shellcheck started', 'shellcheck done: shellcheck 0.11.0']);
    expect(existsSync(join(tools.bin, 'shellcheck'))).toBe(true);
    expect(readdirSync(machine.place.cache)).toHaveLength(1);
  });

  test('repairs tools that lost a part', async () => {
    const machine = new Machine();
    const tools = await machine.setUp();
    rmSync(join(tools.bin, 'nats-server'));
    expect(findTools(machine.place)).toBeUndefined();
    await machine.setUp();
    expect(findTools(machine.place)).toEqual(tools);
  });

  test('that is interrupted leaves nothing', async () => {
    const machine = new Machine();
    machine.slowDown();
    const controller = new AbortController();
    const ended = machine.setUp({ signal: controller.signal }).catch((error: unknown) => error);
    while (machine.installed().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    controller.abort();
    expect(await ended).toMatchObject({ code: 'interrupted' });
    expect(machine.story().filter((line) => line.includes('failed'))).toEqual([]);
    expect(readdirSync(machine.place.cache)).toEqual([]);
  });

  test('waits for another one, and takes what that one made', async () => {
    const machine = new Machine();
    const [first, second] = await Promise.all([machine.setUp(), machine.setUp()]);
    expect(first).toEqual(second);
    expect(machine.story()).toContain(`python waiting: process ${process.pid} on ${hostname()}`);
    expect(machine.installed().filter((name) => name === 'ai-dynamo')).toHaveLength(1);
  });

  test('goes on after one that was killed', async () => {
    const machine = new Machine();
    const { folder, cache } = machine.place;
    mkdirSync(`${folder}.lock`, { recursive: true });
    // Above the largest pid that Linux gives.
    writeFileSync(`${folder}.lock/holder`, `process 4194305 on ${hostname()}\n${pidWorld()}\n`);
    mkdirSync(`${folder}.tmp-4194305/venv`, { recursive: true });
    await machine.setUp();
    expect(machine.story()).not.toContainEqual(expect.stringContaining('waiting'));
    expect(readdirSync(cache)).toEqual([folder.split('/').at(-1)]);
  });
});

describe("a set-up that can't go on says why", () => {
  test.each([
    [
      'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device',
      'Could not install packages due to an OSError: [Errno 28] No space left on device',
      'The tools need about 360 MB; free some space, or set XDG_CACHE_HOME to a folder on another disk.',
    ],
    [
      "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.X object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/ai-dynamo/\nERROR: No matching distribution found for ai-dynamo==1.6.1",
      "Retrying (Retry(total=4)) after connection broken by 'NewConnectionError('Failed to establish a new connection: [Errno 111] Connection refused')': /simple/ai-dynamo/\n  No matching distribution found for ai-dynamo==1.6.1",
      'pip reached no package index: check the network, or set PIP_INDEX_URL or HTTPS_PROXY to a mirror or proxy.',
    ],
    [
      'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.',
      'THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.',
      'A download differs from the pinned file: look for a proxy or an index that changes files, then try again.',
    ],
    [
      'ERROR: No matching distribution found for ai-dynamo-runtime==1.6.1',
      'No matching distribution found for ai-dynamo-runtime==1.6.1',
      'Wheels are pinned for Linux on x86_64 and aarch64 (glibc 2.28 or newer) with CPython 3.10 to 3.14.',
    ],
  ])('pip: %s', async (output, said, hint) => {
    const machine = new Machine();
    machine.failOn('ai-dynamo', output);
    const error = (await machine.setUp().catch((thrown: unknown) => thrown)) as DynSlurmError;
    expect(error).toBeInstanceOf(DynSlurmError);
    expect(error.code).toBe('preflight');
    expect(error.message).toBe(`pip could not install Dynamo:\n  ${said}`);
    expect(error.hint).toBe(hint);
    expect(readdirSync(machine.place.cache)).toEqual([]);
  });

  test('Python: too old, or without pip', async () => {
    const machine = new Machine();
    for (const name of ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10']) {
      machine.addPython(name, '3.9.18', '23.2.1');
    }
    await expect(machine.setUp()).rejects.toThrow(
      /^A rehearsal needs CPython 3\.10 or newer; none is on PATH \(python3 is 3\.9\.18, python3\.13 is 3\.9\.18, /,
    );
    machine.addPython('python3.12', '3.12.1', '0');
    await expect(machine.setUp()).rejects.toMatchObject({
      message: 'python3.12 (3.12.1) cannot create a virtual environment with pip: No module named ensurepip',
      hint: 'On Debian and Ubuntu, `apt install python3-venv` installs what is missing.',
    });
    expect(readdirSync(machine.place.cache)).toEqual([]);
  });

  test("the cache can't be written", async () => {
    const machine = new Machine();
    writeFileSync(join(machine.folder, 'cache'), 'a file');
    await expect(machine.setUp()).rejects.toMatchObject({
      code: 'preflight',
      hint: 'Set XDG_CACHE_HOME to a writable folder.',
    });
  });
});
