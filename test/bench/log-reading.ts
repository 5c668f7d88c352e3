// Logs read as `watch` reads them. `files FOLDER COUNT MEGABYTES`: writes logs. `path FILE`: the parser path alone, from
// bytes to a window, in the pieces in which files are read. `watch FOLDER`: all files, through the host, as they are
// followed. Prints JSON: MB/s (10^6 bytes) and MB resident at the peak.
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { localHost } from '../../src/host/local.ts';
import { inGroups } from '../../src/observe/in-groups.ts';
import { LogScanner } from '../../src/observe/log-scanner.ts';
import { ThroughputWindow } from '../../src/observe/throughput.ts';
import { WorkerLog } from '../../src/observe/worker-log.ts';

const PIECE = 256 * 1024;
const ROUNDS = 15;
const FIRST = Date.UTC(2025, 11, 10, 13, 50);

const [verb = '', place = '', count = '200', megabytes = '2'] = process.argv.slice(2);
const figures = verb === 'files' ? await files() : verb === 'path' ? await path() : await watch();
process.stdout.write(JSON.stringify(figures));

/** A decode and a prefill line of SGLang in 0.6 of all, and what else is in a worker's log. */
function line(at: number, random: () => number): string {
  const stamp = new Date(FIRST + at * 20).toISOString();
  const dp = at % 8;
  const head = `[${stamp.slice(0, 10)} ${stamp.slice(11, 19)} DP${dp} TP${dp} EP${dp}]`;
  const whole = (below: number) => Math.floor(random() * below);
  const kind = random();
  if (kind < 0.45)
    return `${head} Decode batch, #running-req: ${whole(256)}, #token: ${whole(1e6)}, token usage: ${random().toFixed(2)}, accept len: 2.31, accept rate: 0.58, pre-allocated usage: 0.25, #prealloc-req: ${whole(9)}, #transfer-req: ${whole(9)}, #retracted-req: 0, cuda graph: True, gen throughput (token/s): ${(random() * 9000).toFixed(2)}, #queue-req: ${whole(9)}`;
  if (kind < 0.6)
    return `${head} Prefill batch, #new-seq: ${whole(9)}, #new-token: ${whole(16384)}, #cached-token: ${whole(9000)}, token usage: ${random().toFixed(2)}, #running-req: 0, #queue-req: ${whole(9)}, #prealloc-req: 2, #inflight-req: 4, input throughput (token/s): ${(random() * 50000).toFixed(2)}, cuda graph: False`;
  if (kind < 0.8)
    return `${head} INFO:     10.0.${whole(255)}.${whole(255)}:${whole(60000)} - "POST /generate HTTP/1.1" 200 OK`;
  if (kind < 0.9)
    return `${stamp}  INFO dynamo_runtime::pipeline::network::ingress::push_handler: request completed request_id=${whole(1e15).toString(16)} tokens=${whole(2000)}`;
  if (kind < 0.95)
    return `node5:240:240 [6] NCCL INFO Channel ${whole(32)}/0 : 6[6] -> 7[7] via P2P/CUMEM/read`;
  if (kind < 0.98)
    return `  File "/sgl-workspace/sglang/python/sglang/srt/managers/scheduler.py", line ${whole(3000)}, in event_loop_overlap_disagg_decode`;
  return `${head} A warning that means nothing: a request took longer than 300 s, and was not aborted`;
}

async function files(): Promise<object> {
  await mkdir(place, { recursive: true });
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  let bytes = 0;
  for (let file = 0; file < Number(count); file++) {
    const handle = await open(join(place, `decode-${file >> 2}.node${file}.log`), 'w');
    for (let size = 0, at = 0; size < Number(megabytes) * 1e6; ) {
      const text = Array.from({ length: 1000 }, () => line(at++, random)).join('\n');
      await handle.write(`${text}\n`);
      size += text.length + 1;
      bytes += text.length + 1;
    }
    await handle.close();
  }
  return { bytes };
}

async function path(): Promise<object> {
  const bytes = await readFile(place);
  const rates: number[] = [];
  const walls: number[] = [];
  let lines = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const window = new ThroughputWindow();
    lines = 0;
    const scanner = new LogScanner({
      engine: (said) => {
        lines++;
        if (said.kind !== 'stage' && said.kind !== 'kernels') window.add(said, 0);
      },
      signature: () => {},
    });
    const start = performance.now();
    const before = process.cpuUsage();
    for (let at = 0; at < bytes.length; at += PIECE) scanner.push(bytes.subarray(at, at + PIECE));
    const { user, system } = process.cpuUsage(before);
    rates.push(bytes.length / (user + system));
    walls.push(bytes.length / 1000 / (performance.now() - start));
  }
  return { cpu: Math.max(...rates), wall: Math.max(...walls), lines };
}

async function watch(): Promise<object> {
  const host = localHost({ path: [], env: {} });
  const windows = new Map<string, ThroughputWindow>();
  let lines = 0;
  const logs = (await readdir(place)).map((name) => {
    const [step = '', node = ''] = name.split('.');
    const window = windows.get(step) ?? new ThroughputWindow();
    windows.set(step, window);
    return new WorkerLog(host, { step, node, path: join(place, name) }, 0, (said) => {
      window.add(said, 0);
      lines++;
    });
  });
  const start = performance.now();
  await inGroups(logs, (log) => log.read(0));
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage();
  return { seconds, cpu: (cpu.user + cpu.system) / 1e6, mb: process.resourceUsage().maxRSS / 1000, lines };
}
