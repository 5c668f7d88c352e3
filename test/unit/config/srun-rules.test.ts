import { expect, test } from 'vitest';
import { report, resolve, VALID } from './report.ts';

const withSrun = (options: string, more = '') =>
  `${VALID.replace('time: 4h', `time: 4h, srun: {${options}}`)}${more}`;
const IMAGE = 'container: {image: /i.sqsh}\n';

const sruns = (text: string) =>
  (resolve(text).plan?.steps ?? []).map(({ name, srun }) => [
    name,
    srun.filter((word) => typeof word === 'string' && /^--(mem|container-remap|comment|time)/.test(word)),
  ]);

test('the sruns of workers and frontends have them, each as one word', () => {
  const text = withSrun(`container-remap-root: true, mem: 0, comment: "it's $HOME now"`, IMAGE).replace(
    'workers: 4, nodes: 4',
    'nodes: 1',
  );
  const own = ['--container-remap-root', '--mem=0', "--comment=it's $HOME now"];
  expect(sruns(text)).toEqual([
    ['container', []],
    ['cleanup', []],
    ['etcd', []],
    ['nats', []],
    ['frontend-0', own],
    ['aggregated-0', own],
    ['metrics', []],
  ]);
});

test.each([
  ['container-remap-rot: true', 'is not an option of srun; did you mean "container-remap-root"?'],
  ['site-plugin-thing: x', 'is not an option of srun or pyxis'],
  ['--mem: 0', 'write the option without its leading dashes'],
  ['nodelist: n1', 'is set by dyn-slurm itself'],
  ['tasks: 3', 'is set by dyn-slurm itself'],
  ['container-mounts: "/a:/b"', 'is set by dyn-slurm itself'],
  ['exact: true', 'would make steps of a node wait for each other'],
  ['label: true', 'puts a number before each line, and logs could not be read'],
  ['mem: 0, mem-per-cpu: 4G', 'cannot be combined with mem: srun accepts only one of them'],
  ['mem: [1]', 'must be text, a whole number, or true'],
])('%s', (options, message) => {
  expect(report(withSrun(options, IMAGE)).split('\n')[0]).toContain(message);
});

test('options of pyxis need a container', () => {
  expect(report(withSrun('container-remap-root: true'))).toContain(
    'needs a container, and workers run on the host',
  );
});
