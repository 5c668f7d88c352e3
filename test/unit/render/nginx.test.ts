import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type BundleSources, renderBundle, TEMPLATES } from '../../../src/render/bundle.ts';
import { packageRoot } from '../../world.ts';
import { planOf, sampleJob } from '../plan/sample-job.ts';

const templates = Object.fromEntries(
  TEMPLATES.map((name) => [name, readFileSync(join(packageRoot, 'templates', name), 'utf8')]),
) as BundleSources['templates'];

/** Of nginx.conf, from what tells sessions apart to the list of frontends. */
function balanced(frontend: object): string {
  const job = sampleJob({ aggregated: { workers: 2 }, frontend: { count: 2, ...frontend } });
  const text = renderBundle(planOf(job), { templates, config: '' }).files.get('nginx.conf')?.text ?? '';
  return text.slice(text.indexOf('proxy_set_header'), text.indexOf('keepalive 512'));
}

test('each request goes to the frontend with the fewest connections', () => {
  expect(balanced({})).toBe(`proxy_set_header Connection "";

  upstream frontends {
    least_conn;
    `);
});

test.each([
  [true, '$http_x_dynamo_session_id'],
  [{ header: 'X-Session-ID' }, '$http_x_session_id'],
])('with session_affinity %o the requests of a session go to one frontend', (session_affinity, variable) => {
  expect(balanced({ session_affinity })).toBe(`proxy_set_header Connection "";

  # Who names no session may go anywhere.
  map ${variable} $session {
    default ${variable};
    "" $request_id;
  }

  upstream frontends {
    hash $session consistent;
    `);
});
