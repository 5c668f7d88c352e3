import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import { ignoredArguments } from '../../../src/rehearsal/ignored.ts';
import { temporaryFolder } from '../../world.ts';

const said = (ignored: string): string =>
  `rehearsal: dynamo.sglang stands in as dynamo.mocker: decode${ignored === '' ? '' : `, ignored: ${ignored}`}\nINFO it serves\n`;

test('what mock engines ignored is named once, whichever workers were given it', async () => {
  const dir = temporaryFolder();
  mkdirSync(join(dir, 'logs'));
  writeFileSync(join(dir, 'logs/decode-0.node1.log'), said('--trust-remote-code --mem-fraction-static'));
  writeFileSync(join(dir, 'logs/decode-1.node2.log'), said('--mem-fraction-static --dyn-tool-call-parser'));
  writeFileSync(join(dir, 'logs/prefill-0.node0.log'), said(''));
  writeFileSync(join(dir, 'logs/etcd.node0.log'), 'ready\n');
  expect(await ignoredArguments(localHost({ path: [], env: {} }), dir)).toEqual([
    '--dyn-tool-call-parser',
    '--mem-fraction-static',
    '--trust-remote-code',
  ]);
  expect(await ignoredArguments(localHost({ path: [], env: {} }), join(dir, 'logs'))).toEqual([]);
});
