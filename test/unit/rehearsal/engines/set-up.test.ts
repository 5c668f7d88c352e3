import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { ENGINE_NAMES, type EngineName } from '../../../../src/rehearsal/engines/catalog.ts';
import { lacking } from '../../../../src/rehearsal/engines/missing.ts';
import { engineLock, enginePlace, findEngine, UV_LOCK } from '../../../../src/rehearsal/engines/place.ts';
import { type EngineEvent, setUpEngine } from '../../../../src/rehearsal/engines/set-up.ts';
import { packageRoot, temporaryFolder } from '../../../world.ts';

/** A Python that makes empty environments; its pip installs a uv that says how it was called, and fails while there is a file `fail`. */
const PYTHON = `#!/bin/sh
STUB=@STUB@
case "$1 $2" in
  '-c '*'import pip'*) echo 'cpython @VERSION@ 23.2.1' ;;
  '-m venv') mkdir -p "$4/lib/python3.11/site-packages" "$4/bin" && ln -sf "$0" "$4/bin/python" ;;
  '-m pip')
    echo "pip $*" >>"$STUB/called"
    while [ "$1" != --target ]; do shift; done
    mkdir -p "$2/bin" && cp "$STUB/uv" "$2/bin/uv"
    ;;
  *) echo "python $*" >>"$STUB/called" ;;
esac
`;
const UV = `#!/bin/sh
STUB=@STUB@
if [ "$1" = --version ]; then echo 'uv 0.13.9 (x86_64)'; exit; fi
echo "uv $* index=$UV_DEFAULT_INDEX" >>"$STUB/called"
echo 'Downloading torch (502.2MiB)' >&2
echo 'Downloading zipp (1.2MiB)' >&2
if [ -f "$STUB/fail" ]; then cat "$STUB/fail" >&2; exit 2; fi
`;

function machine(version = '3.11.7') {
  const folder = temporaryFolder();
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const put = (path: string, text: string) => {
    writeFileSync(path, text.replace('@STUB@', folder).replace('@VERSION@', version));
    chmodSync(path, 0o755);
  };
  put(join(bin, 'python3'), PYTHON);
  put(join(folder, 'uv'), UV);
  const env = { PATH: `${bin}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder, 'cache') };
  const events: EngineEvent[] = [];
  return {
    folder,
    events,
    place: (name: EngineName) => enginePlace(name, { env, home: '/', packageRoot }),
    setUp(name: EngineName, more: { wheels?: string; env?: NodeJS.ProcessEnv } = {}) {
      const place = enginePlace(name, { env, home: '/', packageRoot });
      const report = (event: EngineEvent) => void events.push(event);
      const { signal } = new AbortController();
      return setUpEngine({ place, env: { ...env, ...more.env }, wheels: more.wheels, report, signal });
    },
    called: () =>
      existsSync(join(folder, 'called'))
        ? readFileSync(join(folder, 'called'), 'utf8').replaceAll(packageRoot, 'PACKAGE').trim().split('\n')
        : [],
    failWith: (text: string) => writeFileSync(join(folder, 'fail'), text),
  };
}

const onLinux = process.platform === 'linux' && process.arch === 'x64';

test.skipIf(!onLinux)('an engine on the CPU is installed once, with a model', async () => {
  const here = machine();
  const engine = await here.setUp('sglang-cpu', { env: { PIP_INDEX_URL: 'https://mirror.example/simple' } });
  const { folder } = here.place('sglang-cpu');
  expect(engine).toEqual({ folder, python: join(folder, 'venv/bin/python') });
  const rules = '--no-deps --require-hashes --only-binary :all:';
  expect(here.called().map((line) => line.replaceAll(folder, 'ENGINE'))).toEqual([
    `pip -m pip install ${rules} --quiet --no-compile --target ENGINE/uv -r PACKAGE/rehearsal/engines/uv.txt`,
    `uv pip install --no-progress ${rules} --python ENGINE/venv/bin/python -r PACKAGE/rehearsal/engines/sglang-cpu.txt index=https://mirror.example/simple`,
    'python PACKAGE/rehearsal/engine/as_cpu.py dynamo.sglang --help',
    'python -B PACKAGE/rehearsal/engine/make_model.py PACKAGE/rehearsal/model ENGINE/model',
  ]);
  expect(here.events.map(({ kind, step, detail }) => `${step} ${kind} ${detail}`.trim())).toEqual([
    'python started',
    'python done python3 3.11.7',
    'uv started',
    'uv done uv 0.13.9',
    'packages started',
    'packages started Downloading torch (502.2MiB)',
    expect.stringMatching(/^packages done sglang [\d.]+ with ai-dynamo [\d.]+$/),
    'check started',
    'check done the engine and Dynamo load',
    'model started',
    'model done two layers of random weights',
  ]);
  const before = here.called().length;
  expect(await here.setUp('sglang-cpu')).toEqual(engine);
  expect(here.called()).toHaveLength(before);
});

test.skipIf(!onLinux)(
  'without network it comes from a folder of wheels, and a failure is gone on from',
  async () => {
    const here = machine();
    here.failWith('error: Failed to fetch torch\n  cause: No space left on device (os error 28)\n');
    await expect(here.setUp('sglang', { wheels: '/wheels' })).rejects.toMatchObject({
      code: 'preflight',
      message:
        'uv could not install the engine:\n  error: Failed to fetch torch\n    cause: No space left on device (os error 28)',
      hint: 'Free some space, or set XDG_CACHE_HOME to a folder on another disk.',
    });
    expect(findEngine(here.place('sglang'))).toBeUndefined();
    for (const call of here.called()) expect(call).toContain('--no-index --find-links /wheels');
    writeFileSync(join(here.folder, 'uv'), UV.replace('@STUB@', '/nowhere'));
    expect(findEngine(here.place('sglang'))).toBeUndefined();
    await here.setUp('sglang');
    expect(findEngine(here.place('sglang'))).toBeDefined();
  },
);

test.skipIf(!onLinux)('a Python that is too new is refused', async () => {
  const here = machine('3.13.1');
  await expect(here.setUp('sglang', { env: { PATH: join(here.folder, 'bin') } })).rejects.toMatchObject({
    code: 'preflight',
    message: expect.stringMatching(
      /^SGLang needs CPython 3\.10 to 3\.12; none is on PATH \(python3 is 3\.13\.1.*\)\.$/,
    ),
  });
});

test('what a machine lacks is said with its consequence and its fix', async () => {
  const folder = temporaryFolder();
  const put = (name: string, text: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  for (const name of ['ninja', 'cc', 'nvcc']) put(name, 'exit 0');
  // Of all that is asked of Python, it has nothing.
  put('python', 'exit 1');
  put('nvidia-smi', 'case $1 in -L) echo "GPU 0: H200" ;; *) echo 570.86.15 ;; esac');
  const options = { env: { PATH: `${folder}:/usr/bin:/bin` } };
  const engine = { folder, python: join(folder, 'python') };
  expect(await lacking('sglang', engine, options)).toEqual([
    {
      what: 'an NVIDIA driver of release 580 or newer',
      consequence: 'CUDA 13, which the engine is built with, does not start',
      fix: 'update the NVIDIA driver to release 580 or newer',
    },
    {
      what: 'Python.h',
      consequence: 'Triton, whose launcher includes it, fails at the first request or earlier',
      fix: '`apt install python3-dev`, for the version of Python that the environment has',
    },
    {
      what: 'libnuma',
      consequence: "the engine's compiled kernels do not load, and it does not start",
      fix: '`apt install libnuma1`',
    },
  ]);
  put('nvidia-smi', 'exit 9');
  put('python', 'exit 0');
  expect((await lacking('vllm', engine, options)).map(({ what }) => what)).toEqual(['nvidia-smi']);
  expect(await lacking('sglang-cpu', engine, options)).toEqual([]);
});

test.each([UV_LOCK, ...ENGINE_NAMES.map(engineLock)])(
  '%s: every package is pinned by hash, and no index is named',
  (lock) => {
    for (const entry of readFileSync(join(packageRoot, lock), 'utf8').split(/^(?=[a-z])/m)) {
      expect(entry).toMatch(
        /^[a-z0-9.-]+==\S+( ; [^\\\n]+)? \\\n {4}--hash=sha256:[0-9a-f]{64}( \\\n {4}--hash=sha256:[0-9a-f]{64})*\n$/,
      );
    }
  },
);
