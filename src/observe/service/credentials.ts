import { join } from 'node:path/posix';
import type { Host } from '../../host/host.ts';

export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface Credentials {
  readonly etcd?: Login;
  readonly nats?: Login;
}

/** What an attempt's etcd and NATS ask for. It is for connections only, and never shown. */
export async function readCredentials(host: Host, attemptDir: string): Promise<Credentials> {
  const text = (await host.readText(join(attemptDir, 'state/credentials'))) ?? '';
  const [etcd, nats] = [loginIn(text, 'ETCD_AUTH'), loginIn(text, 'NATS_AUTH')];
  return { ...(etcd && { etcd }), ...(nats && { nats }) };
}

function loginIn(text: string, prefix: string): Login | undefined {
  const value = (name: string) => new RegExp(`\\b${prefix}_${name}=(\\S+)`).exec(text)?.[1];
  const [username, password] = [value('USERNAME'), value('PASSWORD')];
  return username === undefined || password === undefined ? undefined : { username, password };
}
