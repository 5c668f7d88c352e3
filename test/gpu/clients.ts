/** Named figures, as they stand in the results. */
export type Figures = Readonly<Record<string, unknown>>;

const QUESTION =
  'Say something about the weather in the mountains, at some length, and then something about the sea.';

/** A streamed chat completion, as a client sees it. @throws unless every token and the end have come */
export async function completion(url: string, model: string, tokens: number): Promise<Figures> {
  const began = performance.now();
  const answer = await post(`${url}/v1/chat/completions`, {
    model,
    messages: [{ role: 'user', content: QUESTION }],
    max_tokens: tokens,
    stream: true,
    stream_options: { include_usage: true },
    ignore_eos: true,
  });
  let text = '';
  let first: number | undefined;
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (first === undefined && /"content":"[^"]/.test(text)) first = performance.now();
  }
  const ended = performance.now();
  const count = Number(/"completion_tokens":(\d+)/.exec(text)?.[1]);
  const pieces = text.split('\n').filter((line) => /"content":"[^"]/.test(line)).length;
  if (!text.includes('data: [DONE]') || count !== tokens || first === undefined)
    throw new Error(`${count} tokens of ${tokens} in ${pieces} pieces: ${text.slice(-300)}`);
  return { tokens: count, pieces, ttftMs: Math.round(first - began), e2eMs: Math.round(ended - began) };
}

/** The same long prompt, again and again: a router that knows caches sends it to the worker that has it. */
export async function repeatedPrompt(url: string, model: string, times = 6): Promise<Figures> {
  const prompt = `${QUESTION} `.repeat(8).trim();
  const cached: number[] = [];
  let promptTokens = 0;
  for (let time = 0; time < times; time++) {
    const answer = await post(`${url}/v1/completions`, { model, prompt, max_tokens: 4, ignore_eos: true });
    const { usage } = (await answer.json()) as {
      readonly usage: {
        readonly prompt_tokens: number;
        readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
      };
    };
    promptTokens = usage.prompt_tokens;
    cached.push(usage.prompt_tokens_details?.cached_tokens ?? 0);
  }
  const again = cached.slice(1);
  if (Math.min(...again) < promptTokens / 2)
    throw new Error(`of ${promptTokens} prompt tokens ${cached.join(', ')} were found in a cache`);
  return { promptTokens, cachedTokens: cached };
}

/** Embeddings at several concurrencies, ten for each at once. */
export async function embeddings(
  url: string,
  model: string,
  concurrencies: readonly number[],
): Promise<readonly Figures[]> {
  const points: Figures[] = [];
  for (const concurrency of concurrencies) {
    const requests = concurrency * 10;
    const times: number[] = [];
    let sent = 0;
    let size = 0;
    const began = performance.now();
    const client = async () => {
      while (sent < requests) {
        const input = `${QUESTION} ${sent++}`;
        const from = performance.now();
        const answer = await post(`${url}/v1/embeddings`, { model, input });
        const { data } = (await answer.json()) as {
          readonly data: readonly { readonly embedding: readonly number[] }[];
        };
        const [first] = data;
        size = first?.embedding.length ?? 0;
        if (size === 0 || !first?.embedding.every(Number.isFinite))
          throw new Error('an embedding without numbers');
        times.push(performance.now() - from);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, client));
    const seconds = (performance.now() - began) / 1000;
    const middle = times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
    points.push({
      concurrency,
      requests,
      dimensions: size,
      requestsPerSecond: Math.round(requests / seconds),
      e2eP50: Math.round(middle * 10) / 10,
    });
  }
  return points;
}

export async function post(url: string, body: object, patience = 120_000): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(patience),
  });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
  return answer;
}
