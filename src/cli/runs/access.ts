import type { Surface } from '../../engines/engine.ts';
import { SAMPLES } from '../../plan/sample-request.ts';
import { quoteWord } from '../../render/shell.ts';
import type { EventOf } from '../../run/events.ts';
import type { Run } from '../../run/folder.ts';
import type { World } from '../world.ts';
import { type Connection, LOCAL } from './cluster/connect.ts';

/** How to use a service that is ready, each with a name: a request, and the way from another machine. */
export function accessRows(
  { url, model, surface }: Pick<EventOf<'ready'>, 'url' | 'model' | 'surface'>,
  run: Run,
  { host, cluster }: Pick<Connection, 'host' | 'cluster'>,
  { self, env }: Pick<World, 'self' | 'env'>,
): readonly (readonly [name: string, command: string])[] {
  const { hostname, port } = new URL(url);
  const target = `${Number(port) || 80}:${hostname}:${Number(port) || 80}`;
  const remote = host.dial !== undefined;
  const here = remote ? `http://127.0.0.1:${Number(port) || 80}` : url;
  const login = remote ? host.name : `${env.USER ?? 'USER'}@${self.machine}`;
  const tunnel = ['ssh', `-NL${target}`, login].map(quoteWord).join(' ');
  return [
    // The stand-in's addresses are this machine's own.
    ...(remote ? [['forward', `dyn-slurm forward ${run.id}`] as const] : []),
    ...(cluster === LOCAL ? [] : [[remote ? 'or' : 'tunnel', tunnel] as const]),
    ['try', curl(here, tryOut(model, surface))],
  ];
}

/** A request that tries out a service, by what it serves. */
export function tryOut(
  model: string,
  surface: Surface = 'chat',
): { readonly path: string; readonly body: string } {
  const { path, body } = SAMPLES[surface] ?? { path: '/v1/models', body: undefined };
  if (surface !== 'chat') return { path, body: body === undefined ? '' : JSON.stringify({ model, ...body }) };
  return { path, body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }) };
}

/** Without blanks within its words, so that a narrow terminal breaks none of them. */
function curl(url: string, { path, body }: ReturnType<typeof tryOut>): string {
  return ['curl', `${url}${path}`, ...(body === '' ? [] : ['-Hcontent-type:application/json', '-d', body])]
    .map(quoteWord)
    .join(' ');
}

/** The same as lines, for below `ready`. */
export function accessText(rows: ReturnType<typeof accessRows>): string {
  return rows.map(([name, command]) => `  ${name.padEnd(9)}${command}\n`).join('');
}
