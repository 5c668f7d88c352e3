import { lstat, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';

/**
 * A folder or link on the way to a run folder by which somebody else could put a folder of his in its place. Like sshd's
 * StrictModes: each has to belong to root, a system account or the caller, and be writable by nobody else, unless it is
 * sticky, as /tmp.
 */
export interface Loose {
  readonly path: string;
  readonly what: string;
}

/** Owners up to here are accounts of the system (SYS_UID_MAX of login.defs), not people. */
const LAST_SYSTEM_UID = 999;
/** Links that Linux follows in one path. */
const MOST_LINKS = 40;

/** The first such folder or link above an absolute path, along all of its links. */
export async function findLoose(path: string): Promise<Loose | undefined> {
  const self = process.getuid?.() ?? 0;
  const left = path.split('/');
  let at = '/';
  let links = 0;
  for (;;) {
    const found = await lstat(at);
    if (found.uid > LAST_SYSTEM_UID && found.uid !== self) {
      return { path: at, what: `belongs to user ${found.uid}, who can ${REPLACE}` };
    }
    if (found.isSymbolicLink() && links++ < MOST_LINKS) {
      const target = await readlink(at);
      left.unshift(...target.split('/'));
      at = target.startsWith('/') ? '/' : dirname(at);
    } else if ((found.mode & 0o022) !== 0 && (found.mode & 0o1000) === 0) {
      const mode = (found.mode & 0o7777).toString(8);
      return { path: at, what: `has mode ${mode} and owner ${found.uid}, so others can ${REPLACE}` };
    }
    const next = left.shift();
    if (next === undefined) return undefined;
    at = join(at, next);
  }
}

const REPLACE = 'replace your run folder by a folder of their own';

/** The same in bash, for an absolute path `$1`: it calls `refuse PATH WHAT`. */
export const FIND_LOOSE = `above() {
  local at=/ left=$1/ next links=0 owner mode
  while :; do
    read -r owner mode < <(stat -c '%u %a' -- "$at")
    ((owner <= ${LAST_SYSTEM_UID} || owner == EUID)) || refuse "$at" "belongs to user $owner, who can ${REPLACE}"
    if [[ -L $at ]] && ((links++ < ${MOST_LINKS})); then
      next=$(readlink -- "$at")
      left=$next/$left
      at=\${at%/*}
      [[ $next != /* ]] || at=/
    elif ((8#$mode & 8#22 && !(8#$mode & 8#1000))); then
      refuse "$at" "has mode $mode and owner $owner, so others can ${REPLACE}"
    fi
    while :; do
      [[ $left ]] || return 0
      next=\${left%%/*}
      left=\${left#*/}
      case $next in
        '' | .) ;;
        ..) at=\${at%/*} ;;
        *) at=\${at%/}/$next && break ;;
      esac
    done
  done
}
`;
