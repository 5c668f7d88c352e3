import type { Surface } from '../engines/engine.ts';

/** A small request to a service, which shows that it works. */
export interface SampleRequest {
  /** As in "waiting for": `a completion`. */
  readonly what: string;
  readonly path: string;
  /** Without the model. */
  readonly body: Readonly<Record<string, unknown>>;
  /** What an answer with a result contains: an extended regular expression. */
  readonly proof: string;
}

/** By what clients ask a service for. Images and video take too long for a sample. */
export const SAMPLES: Readonly<Record<Surface, SampleRequest | undefined>> = {
  chat: {
    what: 'a completion',
    path: '/v1/chat/completions',
    body: { messages: [{ role: 'user', content: 'Say hello.' }], max_tokens: 8 },
    proof: '"completion_tokens": ?[1-9]',
  },
  embeddings: {
    what: 'an embedding',
    path: '/v1/embeddings',
    body: { input: 'Hello' },
    proof: '"embedding": ?(\\[-?[0-9]|"[A-Za-z0-9+/])',
  },
  rerank: {
    what: 'a ranking',
    path: '/v1/rerank',
    body: { query: 'Hello', documents: ['Good morning', 'Goodbye'] },
    proof: '"score":',
  },
  classify: {
    what: 'a classification',
    path: '/v1/classify',
    body: { input: 'Hello' },
    proof: '"probs":',
  },
  media: undefined,
};
