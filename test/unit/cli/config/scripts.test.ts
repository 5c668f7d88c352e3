import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scriptsOf } from '../../../../src/cli/runs/config/scripts.ts';
import { parseYaml } from '../../../../src/config/yaml/parse.ts';
import { testWorld } from '../../../world.ts';

test('scripts are looked for beside the config, and all that is wrong with them is told', async () => {
  const world = testWorld();
  const folder = join(world.cwd, 'configs');
  mkdirSync(folder);
  writeFileSync(join(folder, 'own.sh'), 'echo own\n');
  writeFileSync(join(world.home, 'home.sh'), 'echo home\n');
  writeFileSync(join(folder, 'large.sh'), 'a'.repeat(1024 * 1024 + 1));
  const root = parseYaml(
    'c.yaml',
    `setup: {script: own.sh}
prefill: {setup: {script: ~/home.sh}}
decode: {setup: {script: gone.sh}}
frontend: {setup: {script: own.sh/x}}
topology: {setup: {script: .}, aggregated: {setup: {script: large.sh}}}
router: {setup: {script: /dev/zero}}
`,
  );
  expect(Object.fromEntries(await scriptsOf([root], 'configs/c.yaml', world))).toEqual({
    'own.sh': { text: 'echo own\n' },
    '~/home.sh': { text: 'echo home\n' },
    'gone.sh': { fault: `does not exist: there is no file ${folder}/gone.sh` },
    'own.sh/x': { fault: `does not exist: there is no file ${folder}/own.sh/x` },
    '.': { fault: `is not a file: ${folder}` },
    'large.sh': { fault: 'is larger than 1 MB, too large for a script' },
    '/dev/zero': { fault: 'is not a file: /dev/zero' },
  });
});
