import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resolveAll } from './report.ts';

const topologies = join(import.meta.dirname, '../../../configs/topologies');
const markdown = readFileSync(join(import.meta.dirname, '../../../docs/config.md'), 'utf8');
const examples = [...markdown.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);

test('it has a short and an overriding example, two with variants, and a whole one', () => {
  expect(examples.map((yaml) => /^name: (.*)/.exec(yaml)?.[1])).toEqual([
    'dsr1-wideep',
    'dsr1-smaller',
    'qwen',
    'qwen',
    'dsr1-whole',
    'dsr1-patched',
  ]);
});

test.each(examples)('its example is valid:\n%s', (yaml) => {
  const name = /^topology: (.*)/m.exec(yaml)?.[1];
  const topology =
    name === undefined ? {} : { topology: readFileSync(join(topologies, `${name}.yaml`), 'utf8') };
  for (const { job, diagnostics } of resolveAll(yaml, topology)) {
    expect(diagnostics).toEqual([]);
    expect(job).toBeDefined();
  }
});

test('its headings', () => {
  expect(markdown.match(/^#+ .*/gm)).toEqual([
    '# The config',
    '## How a job is put together',
    '## Variants',
    '## A full example',
    '## Setup',
    '## Values',
    '## Keys',
    '### Top level',
    '### `model`',
    '### `container`',
    '### `slurm`',
    '### `prefill`, `decode`, `aggregated`, `encode`, `processor`, `router`',
    '### `prefill.setup`',
    '### `frontend`',
    '### `frontend.nginx`',
    '### `frontend.router`',
    '### `frontend.setup`',
    '### `infra`',
    '### `infra.etcd`',
    '### `infra.mooncake`',
    '### `infra.ports`',
    '### `dynamo`',
    '### `dynamo.install`',
    '### `engine`',
    '### `setup`',
    '### `health`',
    '### `health.stages`',
    '### `observe`',
    '### `profile`',
    '### `bench`',
    '### `bench.slo`',
    '### `bench.accuracy`',
    '## Cluster profile',
  ]);
});
