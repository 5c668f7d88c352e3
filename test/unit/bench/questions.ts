import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

const SCRIPT = join(import.meta.dirname, '../../../templates/accuracy.py');

/** What a client asks, with the turns before it. */
export interface Asked {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly [option: string]: unknown;
}

/** Answers chats as `answer` has it: a text, null for an empty message, or an HTTP status. */
export async function answering(
  answer: (asked: Asked, index: number) => string | null | number,
): Promise<{ readonly url: string; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const body = JSON.parse(await text(request)) as Asked;
    const content = answer(body, asked.push(body) - 1);
    if (typeof content === 'number') return response.writeHead(content).end('{"error": "overloaded"}');
    const message = { role: 'assistant', content };
    response.end(JSON.stringify({ choices: [{ message }], usage: { completion_tokens: 7 } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function accuracyPy(...words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile('python3', [SCRIPT, ...words], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}
