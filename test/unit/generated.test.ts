import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generatedFiles } from '../../scripts/generated.ts';
import { packageRoot } from '../world.ts';

const generated = await generatedFiles(packageRoot);
const folders = [...new Set([...generated.keys()].map((path) => path.split('/').slice(0, 2).join('/')))];

// Out of date? `npm run generate` and look at the difference: it is what your change does to the jobs.
test.each(folders)('%s is current', (folder) => {
  const paths = [...generated.keys()].filter((path) => path === folder || path.startsWith(`${folder}/`));
  for (const path of paths) {
    expect(readFileSync(join(packageRoot, path), 'utf8'), path).toBe(generated.get(path)?.text);
  }
});

test('slurm_jobs holds nothing else', () => {
  const found = readdirSync(join(packageRoot, 'slurm_jobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(packageRoot.length + 1));
  expect(found.sort()).toEqual([...generated.keys()].filter((path) => path.startsWith('slurm_jobs/')).sort());
});
