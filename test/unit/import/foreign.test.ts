import { expect, test } from 'vitest';
import { codeFrame } from '../../../src/config/yaml/frame.ts';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import { importFile } from '../../../src/import/import.ts';
import { foreignKind } from '../../../src/import/recognize.ts';

const kindOf = (text: string) => foreignKind(text, parseYaml('file', text).root);

test.each([
  ['kubernetes', 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n'],
  ['kubernetes', '# several\napiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: Pod\n'],
  ['compose', 'version: "3"\nservices:\n  web: {image: nginx}\n'],
  ['script', '#!/bin/bash\n#SBATCH --nodes=4\nsrun serve\n'],
  ['script', '#SBATCH --nodes=4\nsrun serve\n'],
  ['command', '#!/bin/bash\npython3 submit_job_script.py --model-dir /m\n'],
  ['recipe', 'name: r\nmodel: {path: m, container: c}\nresources: {gpu_type: h100}\n'],
  ['cluster', 'default_account: a\nmodel_paths: {m: /m}\n'],
  [undefined, '#!/usr/bin/env -S dyn-slurm submit\nname: r\nmodel: {path: /m}\n'],
  [undefined, 'name: r\nservices: {}\n'],
  [undefined, 'name: [\n'],
])('%s: %j', (kind, text) => {
  expect(kindOf(text)).toBe(kind);
});

test('a file of something else holds no recipe, and nothing is wrong with it', () => {
  const text = 'apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: Pod\n';
  expect(importFile('k8s.yaml', text)).toEqual({
    file: 'k8s.yaml',
    kind: 'other',
    variants: [],
    documents: [],
    findings: [],
  });
});

// With secrets looked for in the whole line, this took minutes.
test('a frame of a line of 250,000 characters has what is near the place, without secrets', () => {
  const line = `${'x'.repeat(125_000)} hf_${'Ab1'.repeat(12)} ${'y'.repeat(125_000)}`;
  const { source } = codeFrame({ line: 1, column: 125_002, length: 39 }, line);
  expect(source).not.toContain('Ab1Ab1');
  expect(source).toHaveLength(98);
});
