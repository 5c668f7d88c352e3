import { describe, expect, test } from 'vitest';
import { planJson } from '../../../src/plan/json.ts';
import { planOf } from '../plan/sample-job.ts';
import { report, resolve, VALID } from './report.ts';

// None of these is anybody's.
const LONG = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6';
const TOKENS = [
  `hf_${LONG}`,
  `sk-${LONG}`,
  `ghp_${LONG}aaaa`,
  `glpat-${LONG}`,
  'AKIAABCDEFGHIJKLMNOP',
  `nvapi-${LONG}`,
  `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${LONG}`,
  'https://me:pass@proxy.example.org:3128',
];

const messages = (text: string) =>
  resolve(text)
    .diagnostics.filter(({ severity }) => severity === 'error')
    .map(({ path }) => path);
const withRole = (more: string) => VALID.replace('nodes: 4}', `nodes: 4, ${more}}`);
const withBench = (more: string) =>
  `${VALID}bench: {type: sglang, isl: 8, osl: 8, concurrencies: 1, ${more}}\n`;

describe.each(TOKENS)('%s', (token) => {
  test.each<[string, string, string]>([
    ['an argument', withRole(`args: {x: "${token}"}`), 'aggregated.args.x'],
    ['an argument of many', withRole(`args: {x: [a, "${token}"]}`), 'aggregated.args.x'],
    ['an argument that is a map', withRole(`args: {x: {y: {z: "${token}"}}}`), 'aggregated.args.x'],
    ['a word', withRole(`flags: [--x, "${token}"]`), 'aggregated.flags[1]'],
    ['a part of a word', withRole(`flags: ["--x=${token}"]`), 'aggregated.flags[0]'],
    ["a frontend's argument", `${VALID}frontend: {args: {x: "${token}"}}\n`, 'frontend.args.x'],
    ["etcd's argument", `${VALID}infra: {etcd: {args: {x: "${token}"}}}\n`, 'infra.etcd.args.x'],
    ["a tool's argument", withBench(`args: {header: "Authorization: ${token}"}`), 'bench.args.header'],
    ['a command', `${VALID}bench: {command: "curl -H 'X: ${token}' x"}\n`, 'bench.command'],
    ['the environment', withRole(`env: {X: "${token}"}`), 'aggregated.env.X'],
    ['an image', `${VALID}container: {image: "${token}"}\n`, 'container.image'],
    ['a model', VALID.replace('/models/r1', `/models/r1, served_name: "${token}"`), 'model.served_name'],
    ['a parser', `${VALID}dynamo: {tool_call_parser: "${token}"}\n`, 'dynamo.tool_call_parser'],
    ['a tokenizer', withBench(`tokenizer: "${token}"`), 'bench.tokenizer'],
    ['a program', withBench(`program: "x ${token}"`), 'bench.program'],
    ['a comment', VALID.replace('4h}', `4h, directives: {comment: "${token}"}}`), 'slurm.directives.comment'],
  ])('in %s', (_, text, path) => {
    expect(messages(text)).toEqual([path]);
    expect(report(text)).not.toContain(token);
  });
});

test.each<[string, string]>([
  [withRole('args: {api-key: sk-1}'), 'aggregated.args.api-key'],
  [withRole('args: {api_key: abc}'), 'aggregated.args.api_key'],
  [withRole('args: {admin-api-key: 12345}'), 'aggregated.args.admin-api-key'],
  [withRole('args: {hf-token: abc}'), 'aggregated.args.hf-token'],
  [withRole('args: {ssl-keyfile-password: abc}'), 'aggregated.args.ssl-keyfile-password'],
  [withRole('flags: [--api-key, abc]'), 'aggregated.flags[1]'],
  [withRole('flags: [--api-key=abc]'), 'aggregated.flags[0]'],
  [`${VALID}frontend: {args: {token: abc}}\n`, 'frontend.args.token'],
  [withBench('args: {api-key: abc}'), 'bench.args.api-key'],
  [withBench('program: "x --api-key abc"'), 'bench.program'],
  [`${VALID}bench: {command: "x --api-key=abc"}\n`, 'bench.command'],
  [`${VALID}bench: {command: "HF_TOKEN=abc x"}\n`, 'bench.command'],
  [`${VALID}container: {image: "me:pw@nvcr.io#nvidia/x:1"}\n`, 'container.image'],
])('by its name: %#', (text, path) => {
  expect(messages(text)).toEqual([path]);
});

test.each([
  'args: {max-total-tokens: 4096, chunked-prefill-size: 8192, tokenizer-path: /x, stop-token-ids: [1]}',
  'args: {api-key: EMPTY}',
  'args: {model-loader-extra-config: {a: 1}, deepep-config: /configs/sk-deepep-config-for-wide-experts.json}',
  'flags: [--api-key, EMPTY, --eos-token, "<|end|>"]',
])('what is no secret: %s', (more) => {
  expect(messages(withRole(more))).toEqual([]);
});

test('a word of a command that names a variable is none', () => {
  const command = 'HF_TOKEN=$MINE x --api-key "$KEY" --api-key=$KEY';
  expect(messages(`${VALID}bench: {command: '${command}'}\n`)).toEqual([]);
});

test("the kind of etcd's tokens is none", () => {
  expect(messages(`${VALID}infra: {etcd: {args: {auth-token: simple}}}\n`)).toEqual([]);
  expect(messages(`${VALID}container: {image: "ubuntu:24.04@sha256:${'0'.repeat(64)}"}\n`)).toEqual([]);
});

test('a secret in the preamble of a profile', () => {
  const found = report(VALID, { cluster: [`preamble: export HF_TOKEN=hf_${LONG}\n`] });
  expect(found).toContain('preamble: looks like a secret, which goes into job.sbatch and into every dry-run');
  expect(found).not.toContain(LONG);
});

test('a secret in a mount', () => {
  const mount = `mounts: ["/a:/b", "/c=hf_${LONG}:/d"]`;
  const found = report(`${VALID}container: {image: "x/y:1", ${mount}}\n`);
  expect(found).toContain(
    'container.mounts[1]: looks like a secret, which every user of the nodes could read in the command of each step',
  );
  const ofProfile = report(VALID, { cluster: [`${mount}\n`] });
  expect(ofProfile).toContain('mounts[1]: looks like a secret, which a profile must not contain');
  expect(found + ofProfile).not.toContain(LONG);
});

describe('a reference', () => {
  test('goes by the variable that the program reads', () => {
    const text =
      `${withBench('args: {api-key: {from_env: BENCH_KEY}}')}frontend: {args: {hf-token: {from_file: /s/hf}}}\n`.replace(
        'nodes: 4}',
        'nodes: 4, args: {hf_token: {from_env: HF}}}',
      );
    const { job, diagnostics } = resolve(text);
    expect(diagnostics).toEqual([]);
    if (!job) throw new Error('no job');
    const plan = planOf(job);
    const secrets = Object.fromEntries(
      plan.steps
        .filter((step) => Object.keys(step.secrets).length > 0)
        .map(({ name, secrets }) => [name, secrets]),
    );
    expect(secrets).toEqual({
      'frontend-0': { HF_TOKEN: { from_file: '/s/hf' } },
      ...Object.fromEntries(
        [0, 1, 2, 3].map((index) => [`aggregated-${index}`, { HF_TOKEN: { from_env: 'HF' } }]),
      ),
      bench: { OPENAI_API_KEY: { from_env: 'BENCH_KEY' } },
    });
    const words = JSON.stringify(plan.steps.map(({ argv }) => argv));
    expect(words).not.toMatch(/token"|api-key|from_/);
    expect(JSON.stringify(planJson(plan))).not.toMatch(/BENCH_KEY|from_env/);
  });

  test.each([
    [
      withRole('args: {api-key: {from_env: KEY}}'),
      'aggregated.args.api-key: cannot be passed as a secret, and has no effect',
    ],
    [
      withRole('args: {x: {from_file: /s/x}}'),
      'aggregated.args.x: cannot be passed as a secret: the program reads it',
    ],
    [
      `${VALID}frontend: {args: {api-key: {from_env: KEY}}}\n`,
      'frontend.args.api-key: has no effect: no frontend of Dynamo up to 1.6 asks clients for a key; put a proxy',
    ],
    [
      `${VALID}infra: {etcd: {args: {x: {from_env: X}}}}\n`,
      'infra.etcd.args.x: cannot be passed as a secret',
    ],
  ])('that no program reads otherwise is refused: %#', (text, message) => {
    expect(report(text)).toContain(message);
  });
});
