import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkSubmission } from '../../../src/import/check/submission.ts';
import { importCommand } from '../../../src/import/import.ts';
import { packageRoot } from '../../world.ts';

const TOPOLOGIES = [
  'gb200-fp4-disagg-1k1k-max-tpt',
  'gb200-fp8-agg-default',
  'gb200-fp8-disagg-default',
  'legacy-gb200-fp8',
];

function imported(text: string): string {
  const found = importCommand('run.sh', text, TOPOLOGIES);
  if (found === undefined) return 'nothing';
  const said = found.findings.map(
    ({ kind, line, column, message, hint }) =>
      `${kind} ${line}:${column} ${message}${hint ? ` (${hint})` : ''}\n`,
  );
  return [...said, ...found.documents.map((one) => one.text)].join('');
}

test('a command of submit_job_script.py becomes a config over the topology with its script', () => {
  const text = `python3 submit_job_script.py --model-dir /m/dsr1/ --config-dir=/c --container-image x.sqsh \\
  --gpu-type gb200-fp4 --script-variant 1k1k-max-tpt --gpus-per-node 4 --prefill-nodes 4 --prefill-workers 4 \\
  --decode-nodes 8 --decode-workers 1 --account a --partition p --time-limit 4:00:00 --enable-multiple-frontends \\
  --num-additional-frontends 20 --profiler "type=vllm; isl=1024; osl=1024; concurrencies=16x2048; req-rate=4" \\
  --network-interface ib0 --extra-slurm-args segment=4 --extra-slurm-args dependency=afterok:7 --retries 1 --what 1
`;
  expect(
    imported(text),
  ).toBe(`site 5:23 the network ib0 belongs into the cluster profile (set interface: ib0 there)
note 5:106 --retries has no counterpart: \`dyn-slurm submit --retries\` starts a failed job again
lost 5:115 --what has no counterpart in dyn-slurm
# Imported by dyn-slurm from run.sh

name: dynamo_setup
topology: gb200-fp4-disagg-1k1k-max-tpt

model:
  path: /m/dsr1

container:
  image: x.sqsh
  mounts: [/c:/configs]

slurm:
  account: a
  partition: p
  time: 4h
  segment: 4
  directives:
    dependency: afterok:7

prefill:
  workers: 4
  nodes: 4

decode:
  workers: 1
  nodes: 8

frontend:
  count: 11

bench:
  type: vllm
  isl: 1024
  osl: 1024
  concurrencies: [16, 2048]
  request_rate: 4
`);
});

test('a script that runs submit_disagg.sh, with the variables that it sets', () => {
  const text = `#!/bin/bash
export SLURM_ACCOUNT=acme SLURM_PARTITION="batch"
TIME_LIMIT=04:00:00 # four hours
ROOT=/models
export MODEL_PATH="$ROOT/dsr1"
export CONTAINER_IMAGE=\${IMAGE}
bash submit_disagg.sh \\
  6 3 12 1 8 1024 1024 '1024x2048' inf
`;
  expect(imported(text)).toBe(`site 6:8 the value of \${IMAGE} is not known (write what it stands for)
lost 7:6 experts are not placed by a file (set init-expert-location in the args of prefill and decode; the notes of the topology name the files)
# Imported by dyn-slurm from run.sh

name: dynamo_setup
topology: gb200-fp8-disagg-default

model:
  path: /models/dsr1

container:
  image: \${IMAGE}

slurm:
  account: acme
  partition: batch
  time: 4h

prefill:
  workers: 3
  nodes: 6

decode:
  workers: 1
  nodes: 12

frontend:
  count: 9

bench:
  type: vllm
  isl: 1024
  osl: 1024
  concurrencies: [1024, 2048]
`);
});

test.each([
  ['--gpu-type gb200-fp8 --template job_script_template.j2', 'legacy-gb200-fp8'],
  ['--gpu-type gb200-fp8', 'gb200-fp8-disagg-default'],
  ['--gpu-type gb200-fp8 --agg-nodes 2 --agg-workers 1', 'gb200-fp8-agg-default'],
])('%s runs the script that is now %s', (options, topology) => {
  expect(imported(`./submit_job_script.py --model-dir /m --container-image i ${options}`)).toContain(
    `\ntopology: ${topology}\n`,
  );
});

test('a script that no published topology has is refused, at its name', () => {
  expect(
    imported('submit_job_script.py --model-dir /m --gpu-type gb200-fp4 --script-variant 1k1k-max-tp'),
  ).toBe(
    `lost 1:1 names no container image (set container.image)
refused 1:75 no published topology has the arguments of gb200-fp4, variant 1k1k-max-tp (there are gb200-fp4-disagg-1k1k-max-tpt)
`,
  );
});

test('a script without such a command is none', () => {
  expect(imported('#!/bin/bash\necho submit_job_script.py.bak\n')).toBe('nothing');
});

/** A command line with its plan compared. `instead`: options that the words are then taken to have. */
function compared(words: string, instead: Readonly<Record<string, string>> = {}) {
  const { command } = importCommand('run.sh', words, TOPOLOGIES) ?? {};
  if (command === undefined) throw new Error(`not imported: ${words}`);
  const file = join(packageRoot, `configs/topologies/gb200-fp8-disagg-default.yaml`);
  const options = new Map(command.submission.options);
  for (const [option, text] of Object.entries(instead))
    options.set(option, { text, place: command.submission.place });
  const submission = { ...command.submission, options };
  return checkSubmission({ ...command, submission }, 'run.sh', {
    file,
    text: readFileSync(file, 'utf8'),
  });
}

const WHOLE =
  'submit_job_script.py --model-dir /m/ --container-image /i.sqsh --gpu-type gb200-fp8 --account a --partition p --time-limit 90 --prefill-nodes 6 --prefill-workers 3 --decode-nodes 12 --decode-workers 1 --enable-multiple-frontends --num-additional-frontends 8';

test('the plan of a command line has what its words ask for', () => {
  expect(compared(WHOLE)).toEqual({ outcome: 'agrees' });
});

test('each option that the plan does not follow is told', () => {
  const others = {
    ...{
      'model-dir': '/n',
      'container-image': '/j.sqsh',
      account: 'b',
      partition: 'q',
      'time-limit': '1:00:00',
    },
    ...{ 'prefill-nodes': '3', 'decode-workers': '2', 'num-additional-frontends': '2' },
  };
  expect(compared(WHOLE, others)).toEqual({
    outcome: 'differs',
    differences: [
      'GPUs of a prefill worker: 4 in the command line, 8 in the plan',
      'decode workers: 2 in the command line, 1 in the plan',
      'GPUs of a decode worker: 24 in the command line, 48 in the plan',
      'nodes: 15 in the command line, 18 in the plan',
      'frontends: 3 in the command line, 9 in the plan',
      'account: b in the command line, a in the plan',
      'partition: q in the command line, p in the plan',
      'seconds: 3600 in the command line, 5400 in the plan',
      'model: /n in the command line, /m in the plan',
      'image: /j.sqsh in the command line, /i.sqsh in the plan',
    ],
  });
});
