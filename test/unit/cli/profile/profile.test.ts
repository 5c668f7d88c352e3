import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type ProfileOptions, profile } from '../../../../src/cli/commands/profile/profile.ts';
import { addRun, type Site, site } from '../run-folder.ts';
import { type Engine, type EngineServer, serveEngine } from './engine-server.ts';
import { NODES, RUN, servingRun } from './serving.ts';

const ID = '20251124-054500';
const open: EngineServer[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

/** A ready run whose engines are as given; `null` has no system port. */
async function serving(engines: readonly (Engine | null)[], argv?: readonly string[]) {
  const serve = async (index: number) => {
    const engine = engines[index];
    const server = engine === null ? undefined : await serveEngine(engine ?? {}, NODES[index] ?? '');
    if (server) open.push(server);
    return server;
  };
  const servers = [await serve(0), await serve(1), await serve(2)] as const;
  const worker = (index: 0 | 1 | 2) => ({ gpus: engines[index]?.ranks ?? 1, port: servers[index]?.port });
  const place = await servingRun([worker(0), worker(1), worker(2)], argv);
  return { ...place, servers, folder: join(place.dir, 'profiles', ID) };
}

const quick = { every: 20, more: 400, quiet: 40 };
const run = (options: Partial<ProfileOptions>, { world }: Pick<Site, 'world'>) =>
  profile(
    RUN,
    { tool: 'torch', ...(options.steps === undefined && { seconds: 0.2 }), timeouts: quick, ...options },
    world,
  );

test('profiles all workers of a role, and lists their traces', async () => {
  const place = await serving([{}, { ranks: 2 }, {}]);
  expect(await run({ role: 'decode' }, place)).toBe(0);
  expect(place.out()).toBe(`${place.folder}

worker    size    trace
decode-0  1.0 kB  1763962970.5-TP-0.trace.json.gz
decode-0  2.0 kB  1763962970.5-TP-1.trace.json.gz
decode-1  1.0 kB  1763962970.5-TP-0.trace.json.gz
`);
  expect(place.err()).toBe('profiling decode-0, decode-1 for 0.2 s\nwaiting for the traces\n');
  expect(place.servers.map((server) => server?.asked)).toEqual([
    [],
    [
      [
        '/engine/control/start_profile',
        { output_dir: join(place.folder, 'decode-0'), activities: ['CPU', 'GPU'] },
      ],
      ['/engine/control/stop_profile', {}],
    ],
    [
      [
        '/engine/control/start_profile',
        { output_dir: join(place.folder, 'decode-1'), activities: ['CPU', 'GPU'] },
      ],
      ['/engine/control/stop_profile', {}],
    ],
  ]);
  expect(JSON.parse(await readFile(join(place.folder, 'profile.json'), 'utf8'))).toEqual({
    run: RUN,
    tool: 'torch',
    folder: place.folder,
    started: '2025-11-24T05:45:00.000Z',
    seconds: 0.2,
    steps: null,
    workers: ['decode-0', 'decode-1'],
  });
});

test('one that refuses is named, and the others are stopped all the same', async () => {
  const message =
    'Python callback failed: RuntimeError: Profiling is already in progress. Call /stop_profile first.';
  const place = await serving([{}, { refuses: [500, message] }, {}]);
  expect(await run({ role: 'decode', json: true }, place)).toBe(7);
  expect(JSON.parse(place.out()).workers).toEqual([
    { worker: 'decode-0', role: 'decode', error: `not started: ${message}`, traces: [] },
    {
      worker: 'decode-1',
      role: 'decode',
      error: null,
      traces: [{ file: '1763962970.5-TP-0.trace.json.gz', bytes: 1000 }],
    },
  ]);
  expect(place.err()).toContain(`decode-0: ${message}\n`);
  expect(place.servers.map((server) => server?.asked.map(([path]) => path.split('/').at(-1)))).toEqual([
    [],
    ['start_profile'],
    ['start_profile', 'stop_profile'],
  ]);
});

test('waits for the ranks that write late', async () => {
  const place = await serving([{ ranks: 4, late: 150 }]);
  expect(await run({ worker: ['prefill-0'], json: true, timeouts: { ...quick, more: 20_000 } }, place)).toBe(
    0,
  );
  const [worker] = JSON.parse(place.out()).workers;
  expect(worker.traces.map(({ bytes }: { bytes: number }) => bytes)).toEqual([1000, 2000, 3000, 4000]);
});

test('an engine that writes nothing has failed', async () => {
  const place = await serving([{ writesNothing: true }]);
  expect(await run({ role: 'prefill' }, place)).toBe(7);
  expect(place.out()).toMatch(/prefill-0 +- +no trace was written\n$/);
});

test('an interrupt stops the profilers', async () => {
  const place = await serving([{}]);
  const ended = run({ role: 'prefill', seconds: 3600 }, place);
  await expect.poll(place.err).toContain('profiling prefill-0 for 3600 s\n');
  place.interrupt.abort('SIGINT');
  expect(await ended).toBe(130);
  expect(place.servers[0]?.asked.map(([path]) => path)).toEqual([
    '/engine/control/start_profile',
    '/engine/control/stop_profile',
  ]);
  expect(place.err()).toContain('interrupted; the profilers were stopped');
});

test('with steps, the engine stops by itself', async () => {
  const place = await serving([{ stopsItself: true }]);
  expect(await run({ role: 'prefill', steps: 20, activities: ['GPU'] }, place)).toBe(0);
  expect(place.servers[0]?.asked).toEqual([
    [
      '/engine/control/start_profile',
      { output_dir: join(place.folder, 'prefill-0'), activities: ['GPU'], num_steps: 20 },
    ],
  ]);
});

test('routes of Dynamo before 1.6 have no prefix', async () => {
  const place = await serving([{ routes: 'plain' }]);
  expect(await run({ role: 'prefill' }, place)).toBe(0);
  expect(place.servers[0]?.asked.map(([path]) => path)).toEqual([
    '/engine/control/start_profile',
    '/engine/start_profile',
    '/engine/control/stop_profile',
    '/engine/stop_profile',
  ]);
});

test('what cannot be profiled is refused, with what to do', async () => {
  const refused = async (place: Site, options: Partial<ProfileOptions>) =>
    run(options, place).catch(({ code, message, hint }) => ({ code, message, hint }));
  const place = await serving([{ routes: 'none' }, null, {}]);
  expect(await refused(place, { role: 'prefill' })).toEqual({
    code: 'preflight',
    message: 'nothing was profiled: prefill-0: its engine does not support profiling',
    hint: 'profiling needs an engine that Dynamo can profile, and Dynamo 0.8 or later in the image',
  });
  expect(await refused(place, { role: 'decode' })).toMatchObject({
    code: 'preflight',
    message: 'decode-0 has no system port, which profiling needs',
  });
  expect(await refused(place, {})).toMatchObject({
    code: 'usage',
    message: 'this run has workers of several roles: prefill, decode',
    hint: 'profile one at a time: --role decode, or some of their workers: --worker decode-1',
  });
  expect(await refused(place, { role: 'router' })).toMatchObject({
    message: 'no worker has the role router',
    hint: 'this run has prefill, decode',
  });
  expect(await refused(place, { worker: ['decode-7'] })).toMatchObject({
    message: 'there is no worker decode-7',
  });
  expect(await refused(place, { worker: ['decode-1'], tool: 'nsys' })).toMatchObject({
    code: 'preflight',
    message: 'decode-1 was not launched under nsys',
  });
  place.servers[2]?.close();
  expect(await refused(place, { worker: ['decode-1'] })).toMatchObject({
    code: 'connection',
    message: expect.stringMatching(/^no worker could be reached: decode-1: .*ECONNREFUSED/),
  });
});

test('a run that has ended, or is not ready, cannot be profiled', async () => {
  const { world, root } = await site();
  await addRun(root, { id: RUN, jobId: '4242', events: 'served' });
  await expect(run({}, { world })).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/has ended/),
  });
  await addRun(root, { id: 'r2-0a1b2c', jobId: '4243', events: 'served', until: 'nodes-bound' });
  await expect(profile('r2-0a1b2c', { tool: 'torch' }, world)).rejects.toMatchObject({
    message: 'run r2-0a1b2c is not ready',
  });
});

test('reports of nsys are taken to the folder of the profile', async () => {
  const place = await serving([{ writesNothing: true }], ['nsys', 'profile', 'python3']);
  const logs = join(place.dir, 'logs');
  await writeFile(join(logs, 'prefill-0.0.77.1.nsys-rep'), 'of an earlier profile');
  const ended = run({ role: 'prefill', tool: 'nsys', timeouts: { ...quick, more: 20_000 } }, place);
  await expect.poll(place.err).toContain('waiting for the traces');
  await writeFile(join(logs, 'prefill-0.0.77.2.nsys-rep'), 'report');
  expect(await ended).toBe(0);
  expect(place.servers[0]?.asked[0]?.[1]).toMatchObject({ activities: ['CUDA_PROFILER'] });
  expect(place.out()).toMatch(/\nprefill-0 +6 B +prefill-0\.0\.77\.2\.nsys-rep\n$/);
  expect(await readFile(join(place.folder, 'prefill-0/prefill-0.0.77.2.nsys-rep'), 'utf8')).toBe('report');
  expect(await readFile(join(logs, 'prefill-0.0.77.1.nsys-rep'), 'utf8')).toBe('of an earlier profile');
});
