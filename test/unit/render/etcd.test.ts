import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
let server: Server;
/** What etcd answers to a path; undefined, and it closes the connection without a word. */
let answer: (path: string) => readonly [status: number, text: string] | undefined;

beforeEach(async () => {
  run = new RunFolder();
  run.file('state/etcd.lock', 'password\n7\n5\n');
  server = createServer((request, response) => {
    const said = answer(request.url ?? '');
    if (said === undefined) request.socket.destroy();
    else response.writeHead(said[0]).end(said[1]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.close();
  run.dispose();
});

/** The end of the job: its outcome and reason. Empty where it goes on. */
const enter = async (): Promise<string> => {
  const { out } = await run.bash(
    `STEPS=(etcd); STEP_STATE[etcd]=up; STEP_KIND[etcd]=etcd; STEP_ROLE[etcd]=; STEP_POLICY[etcd]=end; STEP_PID[etcd]=$$; ATTEMPT_DIR=$RUN_DIR STALL=600 DEADLINE=600 TLS=
     event() { :; }
     end() { printf '%s: %s' "$1" "$2"; exit; }
     enter_etcd "$1"`,
    `127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  return out;
};

const ANSWERS: Readonly<Record<string, string>> = {
  '/v3/auth/authenticate': '{"token":"t"}',
  '/v3/kv/range': '{"header":{"revision":"7"}}',
  '/v3/auth/status': '{"authRevision":"5"}',
};

test('an etcd that is as the job has locked it', async () => {
  answer = (path) => [200, ANSWERS[path] ?? ''];
  expect(await enter()).toBe('');
});

describe.each(Object.keys(ANSWERS))('an etcd that dies at %s', (died) => {
  test.each([
    ['says nothing', undefined],
    ['breaks off', [200, '{"header":{"cluster_id":"14'] as const],
  ])('and %s is the cause itself, although its end is known later', async (_, last) => {
    let dead = false;
    answer = (path) => {
      if (dead) {
        writeFileSync(join(run.dir, 'state/etcd.0.exit'), '1700000000000\n137\n0\nnode0\n');
        return undefined;
      }
      dead = path === died;
      return dead ? last : [200, ANSWERS[path] ?? ''];
    };
    expect(await enter()).toBe('failed: etcd on node0 was killed by SIGKILL');
  });
});

test('an etcd that refuses the password', async () => {
  answer = () => [400, '{"error":"authentication failed"}'];
  expect(await enter()).toBe('failed: etcd does not take the password that it was given');
});

test('an etcd that somebody else has written to', async () => {
  answer = (path) => [200, path === '/v3/kv/range' ? '{"header":{"revision":"8"}}' : (ANSWERS[path] ?? '')];
  expect(await enter()).toBe(
    'failed: etcd is not as the job has locked it, so somebody else has written to it: its revisions of data and users are 8 5, not 7 5',
  );
});
