import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../world.ts';

// Every page of the repository: its links and anchors lead somewhere, the files that it names are there, and its text can be
// searched for as it is typed.

const PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'slurm_jobs/README.md'],
  ...readdirSync(join(packageRoot, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

const read = (page: string): string => readFileSync(join(packageRoot, page), 'utf8');

/** A page without code blocks. */
const prose = (page: string): string => read(page).replace(/^```.*?^```/gms, '');

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): readonly string[] {
  return [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('anchors are those of GitHub', () => {
  expect(anchors('docs/troubleshooting.md')).toContain('address-already-in-use');
  expect(anchors('docs/config.md')).toContain('infraports');
});

test.each(PAGES)('the links of %s lead somewhere', (page) => {
  const links = [...prose(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
  const lost = links.filter(([, file, anchor]) => {
    const target = file ? join(dirname(page), file) : page;
    if (!existsSync(join(packageRoot, target))) return true;
    return anchor !== undefined && !anchors(target).includes(anchor);
  });
  expect(lost.map(([link]) => link)).toEqual([]);
});

test.each(PAGES)('the files that %s names are there', (page) => {
  const paths = [
    ...read(page).matchAll(/`((?:src|test|templates|scripts|configs|rehearsal|docs)\/[\w./-]+)`/g),
  ]
    .map(([, path = '']) => path)
    // Capitals stand for a name of the reader's.
    .filter((path) => !/\b[A-Z]{2,}\b/.test(path));
  expect(paths.filter((path) => !existsSync(join(packageRoot, path)))).toEqual([]);
});

test.each(PAGES)('%s has straight quotes and apostrophes', (page) => {
  expect(read(page).match(/.*[‘’“”].*/g) ?? []).toEqual([]);
});

test('the example of docs/plan-json.md is a plan', () => {
  const [, example = ''] = /```json\n(.*?)```/s.exec(read('docs/plan-json.md')) ?? [];
  const plan = JSON.parse(read('test/fixtures/plans/one-node-disagg.json'));
  const shown = ({ name }: { name: string }) => name === 'prefill-0';
  const cut = { ...plan, processes: plan.processes.filter(shown), srun: plan.srun.filter(shown) };
  expect(JSON.parse(example)).toEqual(cut);
});
