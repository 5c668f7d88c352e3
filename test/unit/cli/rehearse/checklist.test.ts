import { stripVTControlCharacters } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { runSteps, type WorkStep } from '../../../../src/cli/commands/rehearse/checklist.ts';
import type { Renderer, Screen } from '../../../../src/cli/views/screen.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

/** Each look at the clock is a second later. */
function screen(renderer: Renderer): { screen: Screen; text: () => string } {
  const parts: string[] = [];
  let seconds = 0;
  return {
    screen: {
      renderer,
      out: { write: (text) => void parts.push(text) },
      columns: 80,
      rows: 40,
      now: () => new Date(Date.UTC(2025, 10, 24, 5, 43, seconds++)),
    },
    text: () => parts.join(''),
  };
}

const STEPS: readonly WorkStep[] = [
  {
    title: 'Dynamo',
    run: async (note) => {
      note('downloading 12 of 45');
      return 'ai-dynamo 1.6.1';
    },
  },
  { title: 'servers', run: async () => undefined },
];
const FAILING: WorkStep = { title: 'check', run: () => Promise.reject(new Error('no module dynamo\nmore')) };

test('lines', async () => {
  const { screen: lines, text } = screen('lines');
  await runSteps(STEPS, lines);
  expect(text()).toBe(
    `\
05:43:00  Dynamo: …
05:43:01  Dynamo: downloading 12 of 45
05:43:02  Dynamo: ai-dynamo 1.6.1, 2.0 s
05:43:03  servers: …
05:43:04  servers: 1.0 s
`,
  );
});

test('a step that fails ends the work', async () => {
  const { screen: lines, text } = screen('lines');
  await expect(runSteps([FAILING, ...STEPS], lines)).rejects.toThrow('no module dynamo\nmore');
  expect(text()).toBe('05:43:00  check: …\n05:43:01  check failed: no module dynamo, 1.0 s\n');
});

test('json', async () => {
  const { screen: json, text } = screen('json');
  await runSteps(STEPS.slice(1), json);
  expect(
    text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      time: '2025-11-24T05:43:00.000Z',
      kind: 'step',
      step: '0',
      title: 'servers',
      status: 'active',
      note: '',
    },
    {
      time: '2025-11-24T05:43:01.000Z',
      kind: 'step',
      step: '0',
      title: 'servers',
      status: 'done',
      note: '',
      seconds: 1,
    },
  ]);
});

test('the step list, with what never began', async () => {
  const { screen: steps, text } = screen('steps');
  await expect(runSteps([...STEPS.slice(1), FAILING, ...STEPS], steps)).rejects.toThrow();
  const last = stripVTControlCharacters(text().split('\u001b[G').at(-1) ?? '');
  expect(last.replace(/\d+\.0 s/g, 'N s')).toBe(
    '✔ servers  N s\n✖ check  no module dynamo  N s\n↓ Dynamo\n↓ servers\n',
  );
});
