import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { type ProfileOptions, profile } from '../../../../src/cli/commands/profile/profile.ts';
import type { Site } from '../run-folder.ts';
import { type Engine, type EngineServer, serveEngine } from './engine-server.ts';
import { NODES, RUN, servingRun } from './serving.ts';

const open: (Server | EngineServer)[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

/** A run of one engine with a service in front of it; `engine` is given what settles with the first request. */
async function serving(engine: (asked: Promise<unknown>) => Engine) {
  const bodies: unknown[] = [];
  const service = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    bodies.push(JSON.parse(Buffer.concat(parts).toString()));
    service.emit('asked');
    setTimeout(() => response.end('{}'), 20);
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  const server = await serveEngine(engine(once(service, 'asked')), NODES[0]);
  open.push(service, server);
  const place = await servingRun([{ port: server.port }, { port: undefined }, { port: undefined }]);
  const events = join(place.dir, 'events.jsonl');
  const { port } = service.address() as AddressInfo;
  const text = await readFile(events, 'utf8');
  await writeFile(events, text.replaceAll('127.77.0.11:8000', `127.0.0.1:${port}`));
  return { ...place, bodies, server, service };
}

const quick = { every: 20, more: 400, quiet: 40 };
const run = (options: Partial<ProfileOptions>, { world }: Pick<Site, 'world'>) =>
  profile(RUN, { tool: 'torch', role: 'prefill', timeouts: quick, ...options }, world);

test('without --steps and --seconds it is 20 forward passes, and an idle worker gets requests for them', async () => {
  const place = await serving((pass) => ({ running: 0, stopsItself: true, pass }));
  expect(await run({}, place)).toBe(0);
  expect(place.err()).toBe(`profiling prefill-0 for 20 steps
prefill-0 has no requests, without which there is nothing to profile: short requests are sent to the service until the profile is over
waiting for the traces
`);
  expect(place.server.asked[0]?.[1]).toMatchObject({ num_steps: 20 });
  expect(place.bodies[0]).toEqual({
    model: 'deepseek-ai/DeepSeek-R1',
    messages: [{ role: 'user', content: expect.stringMatching(/^Say hello to [0-9a-f]{12}\.$/) }],
    max_tokens: 32,
  });
  // They end with the profile.
  const connections = () => promisify(place.service.getConnections.bind(place.service))();
  await expect.poll(connections).toBe(0);
});

test('an idle worker with --seconds gets requests, too, so that it stops', async () => {
  const place = await serving((pass) => ({ running: 0, pass }));
  expect(await run({ seconds: 0.2 }, place)).toBe(0);
  expect(place.bodies.length).toBeGreaterThan(0);
});

test('one whose requests end meanwhile gets some once it does not stop', async () => {
  const place = await serving((pass) => ({ running: 1, pass }));
  expect(await run({ seconds: 0.2 }, place)).toBe(0);
  expect(place.err()).toBe(`profiling prefill-0 for 0.2 s
engines stop only with a forward pass: short requests are sent to the service until the profile is over
waiting for the traces
`);
});

test('a worker with requests gets none of ours', async () => {
  const place = await serving(() => ({ running: 3, stopsItself: true }));
  expect(await run({}, place)).toBe(0);
  expect(place.bodies).toEqual([]);
});

describe('memory', () => {
  /** Runs a profile of ten minutes; on the worker's node stacks.sh says these lines one after the other, and the last one again. */
  async function profiled(lines: readonly string[]) {
    const place = await serving(() => ({ running: 3 }));
    const { bin } = place.stub;
    await writeFile(join(bin, 'lines'), lines.map((line) => `${line}\n`).join(''));
    const script = `#!/bin/sh\necho "$*" >>${bin}/sruns\nn=$(wc -l <${bin}/sruns)\nsed -n "$n{p;q};\\$p" ${bin}/lines\n`;
    await writeFile(join(bin, 'srun'), script, { mode: 0o755 });
    const bounds = { growth: 2 ** 30, free: 2 ** 30, every: 10 };
    const code = await run({ seconds: 600, memory: bounds }, place);
    return { code, err: place.err(), srun: (await readFile(join(bin, 'sruns'), 'utf8')).split('\n')[0] };
  }

  const GIB = 2 ** 30;

  test('that grows too much ends a profile early', async () => {
    const grown = await profiled([`memory ${4 * GIB} ${9 * GIB}`, `memory ${5.5 * GIB} ${7.5 * GIB}`]);
    expect(grown).toEqual({
      code: 0,
      err: `profiling prefill-0 for 600 s
the profile stops early: prefill-0 has grown by 1.5 GiB on node1
waiting for the traces
`,
      srun: expect.stringMatching(
        /^--jobid=4242 --nodes=1 --ntasks=1 --nodelist=node1 .* bash -p \/.*\/r1-0a1b2c\/runtime\/stacks\.sh prefill-0 memory$/,
      ),
    });
  });

  test('of which a node has too little left, too', async () => {
    expect((await profiled([`memory ${4 * GIB} ${GIB / 2}`])).err).toContain(
      'the profile stops early: node1 has only 0.5 GiB of memory left\n',
    );
  });
});
