import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { safeSink, wrappingSink } from '../../../src/cli/sink.ts';
import type { World } from '../../../src/cli/world.ts';
import { DynSlurmError } from '../../../src/errors.ts';
import { fillFolder, mutateFolder, randomOf } from './hostile-folder.ts';
import { recordedEvents, type Site, site } from './run-folder.ts';

const ID = 'hostile-0a1b2c';
const OTHER = 'calm-0a1b2c';

/** Every command that reads a run; nothing of them may start anything. */
const COMMANDS: readonly (readonly string[])[] = [
  ['status'],
  ['status', '--json'],
  ['status', ID],
  ['status', ID, '--json'],
  ['watch', ID],
  ['watch', ID, '--json'],
  ['watch', ID, OTHER],
  ['logs', ID],
  ['logs', ID, '--json'],
  ['logs', ID, 'decode', '--grep', 'e', '--since', '10m'],
  ['logs', ID, '-n', '3'],
  ['report', ID, OTHER, '-o', 'report.html'],
  ['compare', ID, OTHER],
  ['compare', OTHER, ID, '--json'],
  ['export', ID, '--csv'],
  ['export', ID, '--json'],
  ['export', ID, '--prometheus'],
  ['export', ID, '--scrape'],
  ['bench', ID, '--show'],
  ['bench', ID, '--show', '--json'],
  ['profile', ID, '--seconds', '0.2'],
  ['forward', ID],
  ['nodes'],
  ['cancel', ID, '--no-wait'],
  ['cancel', ID, '--no-wait', '--json'],
];

/** Milliseconds after which a command that follows what goes on is interrupted. */
const TIMEOUT = 1000;

interface Said {
  readonly out: string;
  readonly err: string;
  readonly error: unknown;
}

/** Runs a command with the sinks of the real program. */
async function said({ world }: Site, argv: readonly string[], colors: boolean): Promise<Said> {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') =>
    ({
      isTTY: colors,
      columns: 100,
      write: (text: string) => {
        written[name] += text;
        return true;
      },
    }) as unknown as NodeJS.WriteStream;
  const own: World = {
    ...world,
    signal: AbortSignal.timeout(TIMEOUT),
    color: colors,
    page: { width: 100, color: colors },
    out: safeSink(stream('out'), colors),
    err: wrappingSink(stream('err')),
  };
  const error = await run(argv, '0', own).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { ...written, error };
}

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** What is wrong with what a command did; empty where nothing is. */
function faults({ out, err, error }: Said, argv: readonly string[], colors: boolean): readonly string[] {
  const found: string[] = [];
  if (error !== undefined && !(error instanceof DynSlurmError)) {
    const aborted = error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name);
    if (!aborted) found.push(String(error instanceof Error ? error.stack : error));
  }
  for (const [name, text] of Object.entries({ out, err })) {
    const plain = colors ? text.replaceAll(/\u001b\[[\d;]{0,16}m/g, '') : text;
    const bad = CONTROL.exec(plain);
    if (bad)
      found.push(`${name}: ${JSON.stringify(plain.slice(Math.max(0, bad.index - 80), bad.index + 20))}`);
  }
  const json =
    argv.includes('--json') && !argv.includes('watch') && !argv.includes('logs') && !argv.includes('cancel');
  for (const text of json ? [out] : argv.includes('--json') ? out.split('\n') : []) {
    try {
      if (text !== '') JSON.parse(text);
    } catch (invalid) {
      found.push(`no JSON: ${String(invalid)}`);
    }
  }
  return found;
}

test('of the folder as it is, before anything is changed, every command has something to say', async () => {
  const place = await site();
  const recorded = await recordedEvents('served');
  for (const id of [ID, OTHER]) {
    mkdirSync(join(place.root, id), { recursive: true });
    fillFolder(join(place.root, id), recorded);
  }
  for (const argv of COMMANDS) {
    const heard = await said(place, argv, false);
    expect({ argv, faults: faults(heard, argv, false) }).toEqual({ argv, faults: [] });
    if (['forward', 'profile'].includes(argv[0] ?? ''))
      expect(String(heard.error)).toContain(`run ${ID} has ended: decode-0 ended`);
    else {
      expect({ argv, error: heard.error }).toEqual({ argv, error: undefined });
      expect({ argv, said: `${heard.out}${heard.err}`.length > 20 }).toEqual({ argv, said: true });
    }
  }
});

/** More are tried with `HOSTILE_FIRST=1000 HOSTILE_SEEDS=500`. */
const SEEDS = Number(process.env.HOSTILE_SEEDS ?? 30);
const FIRST = Number(process.env.HOSTILE_FIRST ?? 1);

// Side by side: most of their time is TIMEOUT, of commands that follow a run.
describe.concurrent('no command throws at a hostile run folder, hangs at it, or passes its controls on', () => {
  test.each(Array.from({ length: SEEDS }, (_, index) => FIRST + index))('seed %d', async (seed) => {
    const gone = { stdout: '', stderr: '', exit: 0 };
    const place = await site({ squeue: gone, sacct: gone, scancel: gone, sinfo: gone });
    const recorded = await recordedEvents('served');
    mkdirSync(join(place.root, OTHER), { recursive: true });
    fillFolder(join(place.root, OTHER), recorded);
    const dir = join(place.root, ID);
    const random = randomOf(seed);
    const found: object[] = [];
    mkdirSync(dir, { recursive: true });
    fillFolder(dir, recorded);
    const changed = mutateFolder(dir, random);
    const colors = random() < 0.5;
    for (const argv of COMMANDS) {
      const wrong = faults(await said(place, argv, colors), argv, colors);
      if (wrong.length > 0) found.push({ argv: argv.join(' '), wrong });
    }
    rmSync(place.world.home, { recursive: true });
    expect({ changed, found }).toEqual({ changed, found: [] });
  });
});
