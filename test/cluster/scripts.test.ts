import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { toolsIn, toolsPlace } from '../../src/rehearsal/tools/tools.ts';

const packageRoot = join(import.meta.dirname, '../..');
const place = toolsPlace({ env: process.env, home: homedir(), packageRoot });
const shellcheck = join(toolsIn(place.folder).bin, 'shellcheck');

test.skipIf(!existsSync(shellcheck)).each(['up.sh', 'down.sh', 'shell.sh', 'box-init.sh', 'root.sh'])(
  'shellcheck minds nothing in %s and what it sources',
  (script) => {
    const options = { cwd: import.meta.dirname, encoding: 'utf8' } as const;
    expect(spawnSync(shellcheck, ['-x', '-P', 'SCRIPTDIR', script], options).stdout).toBe('');
  },
);
