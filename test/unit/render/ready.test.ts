import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());

const LISTED = '{"object":"list","data":[{"id":"/models/m","object":"model"}]}';
// As Dynamo 1.6.1 and 1.3.1 answer.
const READY = '{"model":"/models/m","ready":true,"namespaces":{"dynamo":{"ready":true}}}';
const NOT_READY = '{"model":"/models/m","ready":false,"namespaces":{"dynamo":{"ready":true}}}';
const UNKNOWN = '{"message":"Model not found","type":"Not Found","code":404}';

test.each<[what: string, path: string, listed: string, ready: readonly [number, string], said: string]>([
  ['a model that is ready', '/ready', LISTED, [200, READY], 'listed'],
  [
    'one that is not',
    '/ready',
    LISTED,
    [503, NOT_READY],
    'frontend ADDRESS says that /models/m is not ready',
  ],
  [
    'an answer that is none',
    '/ready',
    LISTED,
    [503, ''],
    'frontend ADDRESS says that /models/m is not ready',
  ],
  ['a route that does not find what is listed', '/ready', LISTED, [404, UNKNOWN], 'listed'],
  ['a release without the route', '', LISTED, [404, ''], 'listed'],
  [
    'a model that is not there',
    '/ready',
    '{"data":[]}',
    [200, READY],
    'frontend ADDRESS does not list /models/m yet',
  ],
])('%s', async (_, path, listed, [status, ready], said) => {
  const server = createServer((request, response) => {
    if (request.url === '/v1/models') response.end(listed);
    else response.writeHead(status).end(ready);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const { out } = await run.bash('model_listed /models/m "$1" "$2" && echo listed', path, address);
    expect(out.replace(address, 'ADDRESS')).toBe(`${said}\n`);
  } finally {
    server.close();
  }
});
