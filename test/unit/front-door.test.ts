import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// What a newcomer to the repository opens first agrees with itself.

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json'));

const PAGES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'docs/debugging.md'];

test('homepage, repository and bugs are one place', () => {
  const { homepage, repository, bugs } = manifest;
  expect({ repository, bugs }).toEqual({
    repository: { type: 'git', url: `git+${homepage}.git` },
    bugs: { url: `${homepage}/issues` },
  });
});

test('every decision is in the index', () => {
  const pages = readdirSync(join(root, 'docs/decisions')).filter((name) => name !== 'README.md');
  const listed = [...read('docs/decisions/README.md').matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1]);
  expect(listed.toSorted()).toEqual(pages.toSorted());
});

test('npm scripts that the pages name exist', () => {
  const named = PAGES.flatMap((page) =>
    [...read(page).matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? ''),
  );
  expect([...new Set(named)].filter((name) => !(name in manifest.scripts))).toEqual([]);
});

test('the changelog has this version, and what is not released above it', () => {
  const versions = [...read('CHANGELOG.md').matchAll(/^## (.+)$/gm)].map((match) => match[1]);
  expect(versions).toEqual(['Unreleased', manifest.version]);
});

test('.node-version is the release that package.json asks for', () => {
  const [major] = /\d+/.exec(manifest.engines.node) ?? [];
  expect(read('.node-version').trim()).toBe(major);
});
