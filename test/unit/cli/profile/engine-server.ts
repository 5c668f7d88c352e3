import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** How an engine of a test behaves; by default as SGLang under Dynamo 1.6.1. */
export interface Engine {
  /** As Dynamo before `control/`, or without a route at all. */
  readonly routes?: 'control' | 'plain' | 'none';
  /** The status and message with which it refuses to start. */
  readonly refuses?: readonly [status: number, message: string];
  /** Milliseconds after its answer to stop_profile at which the second half of its traces is written. */
  readonly late?: number;
  /** Traces, one a rank. */
  readonly ranks?: number;
  readonly writesNothing?: boolean;
  /** Stops by itself, as with num_steps. */
  readonly stopsItself?: boolean;
  /** Requests in flight, of which its metrics tell; by default one. */
  readonly running?: number;
  /** It comes to its steps, or stops, only once this has settled: it has no requests, and makes no forward passes. */
  readonly pass?: Promise<unknown>;
}

export interface EngineServer {
  readonly port: number;
  /** Paths with their bodies, in order. */
  readonly asked: readonly (readonly [path: string, body: unknown])[];
  close(): void;
}

/**
 * Answers as the routes under /engine of a worker's system server: the handler of Dynamo's
 * lib/runtime/src/system_status_server.rs, over SGLang's profiler, which allows one profile at a time.
 */
export async function serveEngine(engine: Engine, address: string): Promise<EngineServer> {
  const asked: [string, unknown][] = [];
  let dir: string | undefined;
  const prefix = { control: '/engine/control/', plain: '/engine/', none: undefined }[
    engine.routes ?? 'control'
  ];
  const answerTo = (path: string, body: Record<string, unknown>): readonly [number, object] => {
    const failed = (message: string) => [500, { error: 'Handler error', message }] as const;
    if (prefix === undefined || !path.startsWith(prefix) || path.slice(prefix.length).includes('/')) {
      return [404, { error: 'Route not found', message: `Route ${path} not found` }];
    }
    if (path === `${prefix}start_profile`) {
      if (engine.refuses) return [engine.refuses[0], { error: 'Handler error', message: engine.refuses[1] }];
      if (dir !== undefined)
        return failed(
          'Python callback failed: RuntimeError: Profiling is already in progress. Call /stop_profile first.',
        );
      dir = String(body.output_dir);
      if (engine.stopsItself) void Promise.resolve(engine.pass).then(stop);
      return [200, { status: 'ok', message: 'Profiling started' }];
    }
    if (dir === undefined)
      return failed(
        'Python callback failed: RuntimeError: Profiling is not in progress. Call /start_profile first.',
      );
    stop();
    return [200, { status: 'ok', message: 'Profiling stopped' }];
  };
  const stop = () => {
    if (dir === undefined) return;
    const to = dir;
    dir = undefined;
    if (engine.writesNothing) return;
    const ranks = [...Array(engine.ranks ?? 1).keys()];
    const write = (rank: number) => {
      mkdirSync(to, { recursive: true });
      writeFileSync(join(to, `1763962970.5-TP-${rank}.trace.json.gz`), Buffer.alloc(1000 * (rank + 1)));
    };
    const half = engine.late === undefined ? ranks.length : Math.floor(ranks.length / 2);
    for (const rank of ranks.slice(0, half)) write(rank);
    if (engine.late !== undefined) setTimeout(() => ranks.slice(half).forEach(write), engine.late);
  };
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', async () => {
      if (request.url === '/metrics') {
        const labels = 'dynamo_component="backend",dynamo_endpoint="generate"';
        response.end(`dynamo_component_inflight_requests{${labels}} ${engine.running ?? 1}\n`);
        return;
      }
      const body = JSON.parse(Buffer.concat(parts).toString() || '{}');
      asked.push([request.url ?? '', body]);
      if (request.url?.endsWith('stop_profile')) await engine.pass;
      const [status, answer] = answerTo(request.url ?? '', body);
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(JSON.stringify(answer));
    });
  });
  server.listen(0, address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
