import { join } from 'node:path/posix';
import type { Host } from '../../host/host.ts';

interface Login {
  readonly username: string;
  readonly password: string;
}

export interface Credentials {
  /** PEM texts of a job with `infra.tls`: the certificate is its own authority. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly etcd?: Login;
  readonly nats?: Login;
}

/** What an attempt's etcd and NATS ask for. It is for connections only, and never shown. */
export async function readCredentials(host: Host, attemptDir: string): Promise<Credentials> {
  const names = ['credentials', 'tls.crt', 'tls.key'];
  const [text = '', certificate, key] = await host.readTexts(
    names.map((name) => join(attemptDir, 'state', name)),
  );
  const [etcd, nats] = [loginIn(text, 'ETCD_AUTH'), loginIn(text, 'NATS_AUTH')];
  return {
    ...(etcd && { etcd }),
    ...(nats && { nats }),
    ...(certificate && key && { tls: { certificate, key } }),
  };
}

function loginIn(text: string, prefix: string): Login | undefined {
  const value = (name: string) => new RegExp(`\\b${prefix}_${name}=(\\S+)`).exec(text)?.[1];
  const [username, password] = [value('USERNAME'), value('PASSWORD')];
  return username === undefined || password === undefined ? undefined : { username, password };
}
