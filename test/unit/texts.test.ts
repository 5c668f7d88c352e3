import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { COMMON, EVENTS } from '../../src/run/events.ts';
import { testWorld } from '../world.ts';

const FILES = execFileSync('git', ['ls-files', 'src', 'templates', 'rehearsal'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => /\.(ts|json|sh|hbs|py|md)$/.test(file));

/** Log lines as programs print them, which coreutils puts between typographic quotes. */
const RECORDED = /^\s*"(slurmstepd|\/usr\/bin\/env):/;

test('quotes and apostrophes are straight, as users type them into a search', () => {
  const curly = FILES.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        /[‘’“”]/.test(line) && !RECORDED.test(line) ? [`${file}:${index + 1}`] : [],
      ),
  );
  expect(FILES.length).toBeGreaterThan(400);
  expect(curly).toEqual([]);
});

/** The help of a command, at a width that breaks no line. */
async function help(...args: readonly string[]): Promise<string> {
  const world = { ...testWorld(), columns: 400 };
  expect(await run([...args, '--help'], '1.2.3', world)).toBe(0);
  return world.stdout();
}

describe('help', () => {
  test('each summary, argument and option has a text that begins in lower case and has no final period', async () => {
    const commands = [...(await help()).matchAll(/^ {2}([a-z]+) .*/gm)].flatMap(([, name = '']) =>
      name === 'dyn' || name === 'help' ? [] : [name],
    );
    expect(commands.length).toBeGreaterThan(25);
    const wrong: string[] = [];
    for (const command of commands) {
      const [usage = ''] = (await help(command)).split('\nExamples:\n');
      const [, summary = '', ...rows] = usage.split('\n').filter(Boolean);
      const texts = rows.flatMap((row) => (row.startsWith('  ') ? [row.trim().split(/ {2,}/)[1] ?? ''] : []));
      for (const text of [summary, ...texts]) {
        if (!/^(?:[a-z-]|aiperf|YAML|HTML).*[^.]$/.test(text)) wrong.push(`${command}: ${text}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

test('each kind of event and each common field is described by a sentence', () => {
  const texts = [...Object.values(EVENTS), ...Object.values(COMMON)].map((one) => one.description ?? '');
  expect(texts.filter((text) => !/^[A-Z].*\.$/.test(text))).toEqual([]);
});
