import { cpSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Stage } from '../rehearsal/rehearsal.ts';
import { findChromium } from './chromium.ts';

// A report of a real rehearsed run with a benchmark of three concurrencies, as a person gets it: in a browser.

const stage = new Stage();
const program = await findChromium();
/** Ids of the run, and of a copy of it whose files somebody has tampered with. */
let run = '';
const forged = 'forged-bad000';
const CANARY = `</script><img src="http://127.0.0.1:9/x" onerror="window.hacked=1"><script>window.hacked=2</script>`;
let browser: Browser;

beforeAll(async () => {
  const { code, stdout, stderr } = await stage.run(
    'rehearse',
    join(import.meta.dirname, '../fixtures/rehearsal/reported.yaml'),
    '--json',
  );
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  run = /"run":"(reported-[0-9a-f]{6})"/.exec(stdout)?.[1] ?? (await newest());
  forge();
  if (program)
    browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'], timeout: 0 });
});

afterAll(async () => {
  await browser?.close();
  stage.dispose();
});

async function newest(): Promise<string> {
  const { stdout } = await stage.run('status', '--json', '--cluster', 'local');
  return (JSON.parse(stdout) as readonly { run: string }[])[0]?.run ?? '';
}

function forge(): void {
  const folder = join(stage.runs, forged);
  cpSync(join(stage.runs, run), folder, { recursive: true, filter: (path) => !/state$/.test(path) });
  const change = (file: string, edit: (text: string) => string) =>
    writeFileSync(join(folder, file), edit(readFileSync(join(folder, file), 'utf8')));
  const json = JSON.stringify(CANARY).slice(1, -1);
  change('config.yaml', (text) => `${text}# ${CANARY}\n`);
  change('plan.json', (text) =>
    text.replaceAll('"decode-0"', `"${json}"`).replaceAll('"prefill"', `"${json}"`),
  );
  change('events.jsonl', (text) => text.replace(/"reason":"[^"]*"/g, `"reason":"${json}"`));
}

async function report(name: string, ...args: readonly string[]): Promise<string> {
  const file = join(stage.runs, name);
  const { code, stdout, stderr } = await stage.run('report', ...args, '--cluster', 'local', '-o', file);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${file}\n`, stderr: '' });
  return file;
}

interface Seen {
  readonly page: Page;
  /** What went wrong, and what was asked of a network. */
  readonly faults: string[];
}

async function open(
  file: string,
  look: { readonly dark?: boolean; readonly width?: number } = {},
): Promise<Seen> {
  const page = await browser.newPage({
    colorScheme: look.dark ? 'dark' : 'light',
    viewport: { width: look.width ?? 1280, height: 900 },
  });
  // The test's own limit ends what hangs.
  page.setDefaultTimeout(0);
  const faults: string[] = [];
  page.on('console', (message) => faults.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== `file://${file}`) faults.push(`asks for ${request.url()}`);
  });
  await page.goto(`file://${file}`);
  await page.waitForFunction(() => document.querySelectorAll('.u-over').length > 0);
  return { page, faults };
}

/** How many charts have something drawn on them. */
function painted(page: Page): Promise<readonly boolean[]> {
  return page.$$eval('.plot:not([hidden]) canvas', (canvases) =>
    canvases.map((canvas) => {
      const { data } = (canvas as HTMLCanvasElement)
        .getContext('2d')
        ?.getImageData(0, 0, (canvas as HTMLCanvasElement).width, (canvas as HTMLCanvasElement).height) ?? {
        data: [],
      };
      return data.some((value) => value !== 0);
    }),
  );
}

test('is one file for its owner alone, and says where', async () => {
  const file = await report('own.html', run);
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  expect(statSync(file).size).toBeLessThan(500_000);
  const text = readFileSync(file, 'utf8');
  expect(text.match(/(?:src|href)="(?!#)[^"]*"/g)).toBe(null);
  expect(text).not.toMatch(/@import|@font-face|url\(/);
});

test('a link at its place is not followed, and a file there is replaced', async () => {
  const [victim, link] = [join(stage.runs, 'victim'), join(stage.runs, 'link.html')];
  writeFileSync(victim, 'precious', { mode: 0o644 });
  symlinkSync(victim, link);
  const refused = await stage.run('report', run, '--cluster', 'local', '-o', link);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('link.html is no plain file')]);
  expect(readFileSync(victim, 'utf8')).toBe('precious');
  await report('victim', run);
  expect((statSync(victim).mode & 0o777).toString(8)).toBe('600');
});

test('two runs are compared in the terminal, and one is exported', async () => {
  const { code, stdout } = await stage.run('compare', run, forged, '--cluster', 'local');
  expect(code).toBe(0);
  const lines = stdout.split('\n');
  expect(lines[0]).toMatch(/^concurrency +ISL \/ OSL +figure +before +after +difference +noise/);
  expect(lines.filter((line) => /smaller than the noise$/.test(line)).length).toBeGreaterThanOrEqual(5);
  expect(lines.slice(-3)).toEqual(['config', `  + # ${CANARY}`, '']);
  const csv = await stage.run('export', run, '--csv', '--cluster', 'local');
  expect(csv.stdout).toMatch(/,load,[^,]*,decode-0,,outputTokensPerSecond,[\d.]+,true\n/);
  expect(csv.stdout).toMatch(/,bench,[^,]*,[^,]*,8,perGpu,[\d.]+,true\n/);
  const none = await stage.run('export', run, '--cluster', 'local');
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('choose one format')]);
});

describe.skipIf(program === undefined)('in a browser', () => {
  test.each([{ dark: false }, { dark: true }])(
    'draws every chart, and asks nothing of a network: $dark',
    async ({ dark }) => {
      const { page, faults } = await open(await report('run.html', run), { dark });
      const drawn = await painted(page);
      expect(drawn.length).toBeGreaterThanOrEqual(8);
      expect(drawn.every(Boolean)).toBe(true);
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(ground).toBe(dark ? 'rgb(16, 20, 26)' : 'rgb(244, 246, 249)');
      const concurrencies = await page.$$eval('#pareto details tbody tr', (rows) =>
        rows.map((row) => row.children[1]?.textContent),
      );
      expect(concurrencies).toEqual(['1', '4', '8']);
      expect(faults).toEqual([]);
    },
  );

  test('the theme goes round, and charts are drawn in its colors', async () => {
    const { page, faults } = await open(await report('run.html', run));
    const seen = [];
    for (let turn = 0; turn < 4; turn++) {
      seen.push(
        await page.evaluate(() => [
          document.querySelector('#theme')?.textContent,
          getComputedStyle(document.body).color,
        ]),
      );
      await page.click('#theme');
    }
    const [dark, light] = ['rgb(231, 235, 241)', 'rgb(27, 34, 44)'];
    expect(seen).toEqual([
      ['Theme: as the system', light],
      ['Theme: light', light],
      ['Theme: dark', dark],
      ['Theme: as the system', light],
    ]);
    expect((await painted(page)).every(Boolean)).toBe(true);
    expect(faults).toEqual([]);
  });

  test('is used with the keyboard alone', async () => {
    const { page, faults } = await open(await report('run.html', run));
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('To the summary');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('theme');
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
    );
    expect(outline).toBe('solid');
    // Every stop, in the order of the page.
    const stops: number[] = [];
    for (let stop = 0; stop < 200; stop++) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() =>
        [...document.querySelectorAll('*')].indexOf(document.activeElement as Element),
      );
      if (at < (stops.at(-1) ?? 0)) break;
      stops.push(at);
    }
    expect(stops.length).toBeGreaterThan(25);
    await page.focus('#pareto .plot');
    await page.keyboard.press('ArrowRight');
    const first = await page.textContent('#pareto .reading');
    await page.keyboard.press('End');
    const last = await page.textContent('#pareto .reading');
    expect([first, last]).toEqual([
      expect.stringMatching(/^tok\/s\/user [\d,.]+: reported-.* [\d,.]+$/),
      expect.stringMatching(/^tok\/s\/user/),
    ]);
    expect(first).not.toBe(last);
    await page.focus('#pareto summary');
    await page.keyboard.press('Enter');
    expect(await page.isVisible('#pareto table:not(.u-legend) >> nth=0')).toBe(true);
    expect(faults).toEqual([]);
  });

  test('the value under the pointer is told', async () => {
    const { page } = await open(await report('run.html', run));
    const box = await (await page.$('#ttft-data'))?.evaluateHandle((data) =>
      data.parentElement?.querySelector('.u-over'),
    );
    await box?.asElement()?.scrollIntoViewIfNeeded();
    await box?.asElement()?.hover();
    const told = await page.textContent('figure:has(#ttft-data) .reading');
    expect(told).toMatch(/^concurrency \d+: p50 [\d,.]+, p90 [\d,.]+, p99 [\d,.]+$/);
  });

  test('legends name what there is, and nothing that is not there yet', async () => {
    const { page } = await open(await report('run.html', run));
    const legends = await page.$$eval('.u-legend', (all) => all.map((each) => each.textContent ?? ''));
    expect(legends.length).toBeGreaterThanOrEqual(8);
    expect(legends.filter((text) => text.includes('–') || text.trim() === '')).toEqual([]);
  });

  test('several runs lie over one another, with their differences; nothing of a run is run', async () => {
    const { page, faults } = await open(await report('both.html', run, forged));
    expect(await page.textContent('h1')).toBe(`Runs ${run}, ${forged}`);
    const verdicts = await page.$$eval('#differences tbody tr', (rows) =>
      rows.map((row) => row.lastElementChild?.textContent),
    );
    // The copy has measured the very same.
    expect(new Set(verdicts)).toEqual(new Set(['measured once: noise unknown', 'smaller than the noise']));
    expect(await page.evaluate(() => (globalThis as { hacked?: number }).hacked)).toBeUndefined();
    expect(await page.$$eval('img', (images) => images.length)).toBe(0);
    expect(await page.textContent('body')).toContain(CANARY);
    expect(faults).toEqual([]);
  });

  test.each([360, 400, 800, 1400])('fits a screen of %i pixels, its summary whole', async (width) => {
    const { page, faults } = await open(await report('both.html', run, forged), { width });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    const clipped = await page.$$eval('#summary *, header *, nav *, .warning', (all) =>
      all
        .filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
        .map((each) => each.outerHTML),
    );
    expect([clipped, faults]).toEqual([[], []]);
  });

  test('is all there on paper', async () => {
    const { page } = await open(await report('run.html', run));
    const closed = await page.$$eval('details:not([open])', (details) => details.length);
    const pdf = await page.pdf({ format: 'A4' });
    expect([closed > 5, pdf.subarray(0, 5).toString()]).toEqual([true, '%PDF-']);
    // What was opened for the printer is closed again.
    expect(await page.$$eval('details:not([open])', (details) => details.length)).toBe(closed);
  });
});
