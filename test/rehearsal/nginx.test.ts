import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { compile } from '../../src/render/template.ts';
import { packageRoot } from '../world.ts';
import { installedTools } from './tools/service.ts';

const HOST = '127.0.77.12';
const PORTS = [18_101, 18_102];
const folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-nginx-'));
let nginx: ChildProcess;
afterAll(async () => {
  // Its workers outlive a master that is killed.
  nginx.kill('SIGTERM');
  await once(nginx, 'close');
  rmSync(folder, { recursive: true });
});

/** The status of an answer over a connection of its own, so that any of nginx's processes may get it; 0 without one. */
function status(): Promise<number> {
  return new Promise((resolve) => {
    const asked = request({ host: HOST, port: 8000, agent: false }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.once('error', () => resolve(0)).end();
  });
}

const statuses = () => Promise.all(Array.from({ length: 40 }, status));

// nginx leaves an upstream that refused a connection alone for ten seconds, each of its processes for itself.
test('frontends get requests as soon as they listen, although they were asked for before', async () => {
  const conf = join(folder, 'nginx.conf');
  const template = readFileSync(join(packageRoot, 'templates/nginx.conf.hbs'), 'utf8');
  const upstreams = PORTS.map((port) => `${HOST}:${port}`);
  writeFileSync(conf, compile(template)({ listen: `${HOST}:8000`, upstreams }));
  const argv = ['-p', `${folder}/`, '-c', conf, '-g', 'daemon off;'];
  nginx = spawn(join(installedTools().bin, 'nginx'), argv, { stdio: 'ignore' });
  await expect.poll(status).toBe(502);
  expect(new Set(await statuses())).toEqual(new Set([502]));

  const frontends = PORTS.map((port) => createServer((_, response) => response.end()).listen(port, HOST));
  await Promise.all(frontends.map((server) => server.listening || once(server, 'listening')));
  expect(new Set(await statuses())).toEqual(new Set([200]));

  // One that ends is done without.
  frontends[0]?.close();
  frontends[0]?.closeAllConnections();
  expect(new Set(await statuses())).toEqual(new Set([200]));
  frontends[1]?.close();
  frontends[1]?.closeAllConnections();
});
