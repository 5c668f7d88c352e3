import { isObject, parseJson } from '../../run/lenient.ts';
import type { FrontendHealth } from '../../run/service-event.ts';
import type { Answer } from './web.ts';

/** What a frontend's `/health` says; a release in which it is 503 until discovery is done says so in its body. */
export function parseFrontendHealth({ status, text }: Answer): Pick<FrontendHealth, 'state' | 'instances'> {
  const body = objectIn(text);
  const instances = Array.isArray(body.instances) ? body.instances : [];
  return {
    state: typeof body.status === 'string' ? body.status : status === 200 ? 'healthy' : `HTTP ${status}`,
    instances: instances.filter((one) => (one as { endpoint?: unknown } | null)?.endpoint === 'generate')
      .length,
  };
}

/** What `/v1/models/MODEL/ready` says; nothing where the release has no such route. */
export function parseReady({ status, text }: Answer): Pick<FrontendHealth, 'ready' | 'workerTypes'> {
  const { ready, namespaces } = objectIn(text);
  if (status !== 200 || typeof ready !== 'boolean') return {};
  const workerTypes: Record<string, number> = {};
  for (const space of Object.values((namespaces ?? {}) as Record<string, { worker_types?: object }>)) {
    for (const [type, known] of Object.entries(space.worker_types ?? {})) {
      workerTypes[type] = (workerTypes[type] ?? 0) + (Number((known as { workers?: unknown }).workers) || 0);
    }
  }
  return { ready, workerTypes };
}

/** Ids of instances, which are beyond 2^53, are not read. */
function objectIn(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  return isObject(value) ? value : {};
}
