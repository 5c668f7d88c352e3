import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Folder of `prometheus` and `promtool`: the machine's, or Debian's, unpacked into `dir`. Undefined, with a word, where there are none. */
export async function findPrometheus(dir: string): Promise<string | undefined> {
  const programs = (bin: string) => ['prometheus', 'promtool'].every((name) => existsSync(join(bin, name)));
  if (programs('/usr/bin')) return '/usr/bin';
  const why = await unpack(dir);
  const bin = join(dir, 'usr/bin');
  if (why === undefined && programs(bin)) return bin;
  process.stderr.write(`no Prometheus looks at the metrics: ${why ?? `there is none in ${bin}`}\n`);
  return undefined;
}

/** Not installed: Debian would start it. */
async function unpack(dir: string): Promise<string | undefined> {
  process.stderr.write("getting Debian's prometheus with apt-get\n");
  const run = (program: string, ...args: readonly string[]) =>
    promisify(execFile)(program, args, { cwd: dir });
  try {
    // The test cluster installs what it needs meanwhile, and apt-get does not wait for the lists.
    if (process.getuid?.() === 0) await run('flock', '/var/lib/apt', 'apt-get', 'update', '-q');
    await run('apt-get', 'download', '-q', 'prometheus');
    const [file = ''] = readdirSync(dir).filter((name) => name.endsWith('.deb'));
    await run('dpkg-deb', '-x', file, dir);
    return undefined;
  } catch (error) {
    return `Debian's package prometheus cannot be had: ${(error as Error).message}`;
  }
}

/** What promtool minds in a page of metrics. */
export async function lint(bin: string, page: string): Promise<{ code: number | null; said: string }> {
  const child = spawn(join(bin, 'promtool'), ['check', 'metrics'], { stdio: 'pipe' });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      said += text;
    });
  }
  child.stdin.end(page);
  const [code] = await once(child, 'close');
  return { code, said };
}

/** A sample of the answer to an instant query. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Sample['labels'];
      readonly value: readonly [time: number, value: string];
    }[];
  };
}

export interface Prometheus {
  query(expression: string): Promise<readonly Sample[]>;
  /** Waits until the answer to a query fits. */
  until(expression: string, fits: (samples: readonly Sample[]) => boolean): Promise<readonly Sample[]>;
  stop(): Promise<void>;
}

/** Starts Prometheus on a port of the loopback address, once promtool has found no fault in its configuration. */
export async function startPrometheus(
  bin: string,
  dir: string,
  { config, port }: { readonly config: string; readonly port: number },
): Promise<Prometheus> {
  const file = join(dir, 'prometheus.yml');
  await mkdir(dir, { recursive: true });
  await writeFile(file, config);
  await promisify(execFile)(join(bin, 'promtool'), ['check', 'config', '--lint-fatal', file]);
  const own = [`--config.file=${file}`, `--storage.tsdb.path=${join(dir, 'data')}`];
  const child = spawn(
    join(bin, 'prometheus'),
    [...own, `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const ended = once(child, 'exit');
  const query = async (expression: string): Promise<readonly Sample[]> => {
    const answer = await fetch(
      `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`,
    );
    const { status, error, data } = (await answer.json()) as Answer;
    if (status !== 'success') throw new Error(`${expression}: ${error}`);
    return data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
  };
  while (
    !(await fetch(`http://127.0.0.1:${port}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
    await sleep(100);
  }
  return {
    query,
    async until(expression, fits) {
      for (;;) {
        const samples = await query(expression);
        if (fits(samples)) return samples;
        await sleep(200);
      }
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
