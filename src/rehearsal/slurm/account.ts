import { hostname, userInfo } from 'node:os';

/** Who calls, and from where. */
export interface Account {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  readonly host: string;
}

export function callingAccount(): Account {
  const uid = process.getuid?.() ?? 0;
  return { user: userName() ?? String(uid), uid, gid: process.getgid?.() ?? 0, host: hostname() };
}

/** Undefined in a container whose user no database knows. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
