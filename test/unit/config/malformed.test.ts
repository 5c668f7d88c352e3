import { expect, test } from 'vitest';
import { report, resolve, VALID } from './report.ts';

/** The kinds of malformed YAML, each with everything that `check` prints for it. */
interface Malformed {
  readonly kind: string;
  readonly text: string;
  readonly frames: readonly string[];
}

const added = (...lines: string[]): string => `${VALID}${lines.join('\n')}\n`;

const MALFORMED: readonly Malformed[] = [
  {
    kind: '1 an empty file',
    text: '',
    frames: [
      'c.yaml:1:1  the file has no keys',
      '  1 |',
      '    | ^',
      '  hint: a config needs at least name, topology, model and slurm; see docs/config.md',
    ],
  },
  {
    kind: '2 only comments',
    text: '# a job\n# later\n',
    frames: [
      'c.yaml:1:1  the file has no keys',
      '  1 | # a job',
      '    | ^',
      '  hint: a config needs at least name, topology, model and slurm; see docs/config.md',
    ],
  },
  {
    kind: '3 a single value',
    text: 'hello\n',
    frames: [
      'c.yaml:1:1  the file must be a map of keys, not a single value',
      '  1 | hello',
      '    | ^^^^^',
      '  hint: write "key: value" on each line',
    ],
  },
  {
    kind: '4 a list',
    text: '- name: r1\n',
    frames: [
      'c.yaml:1:1  the file must be a map of keys, not a list',
      '  1 | - name: r1',
      '    | ^^^^^^^^^^',
      '  hint: write "key: value" on each line',
    ],
  },
  {
    kind: '5 two documents',
    text: added('---', 'name: r2'),
    frames: [
      'c.yaml:6:1  a second document starts here; a file must contain only one',
      '  6 | ---',
      '    | ^^^',
      '  hint: keep one of them, and delete the line "---" between them',
    ],
  },
  {
    kind: '6 a tab as indent',
    text: added('container:', '\timage: i'),
    frames: [
      'c.yaml:7:1  tabs are not allowed as indentation',
      '  7 | →image: i',
      '    | ^',
      '  hint: write spaces instead',
    ],
  },
  {
    kind: '7 a key given twice',
    text: added('frontend: {count: 1, count: 2}', 'gpu: h200'),
    frames: [
      'c.yaml:6:22  frontend.count: is given twice; it is already on line 6',
      '  6 | frontend: {count: 1, count: 2}',
      '    |                      ^^^^^',
      'c.yaml:7:1  gpu: is given twice; it is already on line 2',
      '  7 | gpu: h200',
      '    | ^^^',
    ],
  },
  {
    kind: '8 an unknown key',
    text: added('frontend: {cuont: 2}'),
    frames: [
      'c.yaml:6:12  frontend.cuont: unknown key; did you mean "count"?',
      '  6 | frontend: {cuont: 2}',
      '    |            ^^^^^',
    ],
  },
  {
    kind: '9 a map where text belongs',
    text: added('container: {image: {name: i}}'),
    frames: [
      'c.yaml:6:13  container.image: must be text, not a map',
      '  6 | container: {image: {name: i}}',
      '    |             ^^^^^',
    ],
  },
  {
    kind: '9 text where a map belongs',
    text: added('frontend: two'),
    frames: [
      'c.yaml:6:11  frontend: must be a map of keys, not text',
      '  6 | frontend: two',
      '    |           ^^^',
      '  hint: its keys are type, count, session_affinity, nginx, image, dedicated_nodes, port, router_mode and others',
    ],
  },
  {
    kind: '9 text where a map belongs, and a key beside it takes it',
    text: added('frontend: {router: kv}'),
    frames: [
      'c.yaml:6:20  frontend.router: must be a map of keys, not text',
      '  6 | frontend: {router: kv}',
      '    |                    ^^',
      '  hint: did you mean router_mode: kv?',
    ],
  },
  {
    kind: '9 a number where a map of many keys belongs',
    text: added('bench: 8'),
    frames: [
      'c.yaml:6:8  bench: must be a map of keys, not a number',
      '  6 | bench: 8',
      '    |        ^',
      '  hint: its keys are type, command, program, isl, osl, concurrencies, request_rate, prompts_per_concurrency and others',
    ],
  },
  {
    kind: '9 text where a list belongs',
    text: added('container: {image: i, mounts: /a:/b}'),
    frames: [
      'c.yaml:6:31  container.mounts: must be a list, not text',
      '  6 | container: {image: i, mounts: /a:/b}',
      '    |                               ^^^^^',
      '  hint: write each item on a line of its own, after "- "',
    ],
  },
  {
    kind: '10 missing keys',
    text: 'name: r1\nmodel: {served_name: r1}\nslurm:\n  account: a\n',
    frames: [
      'c.yaml:1:1  gpu: is missing',
      '  1 | name: r1',
      '    | ^',
      "  hint: GPU model of the nodes, which determines the number of GPUs per node. Default: the topology's, else required.",
      'c.yaml:1:1  no role answers requests',
      '  1 | name: r1',
      '    | ^',
      '  hint: name a topology, or add "prefill" and "decode", or "aggregated"',
      'c.yaml:2:1  model.path: is missing',
      '  2 | model: {served_name: r1}',
      '    | ^^^^^',
      '  hint: Folder of the model on the nodes, as an absolute path; an alias from `models` of the cluster profile; or a Hugging Face model ID. For a model ID, set `HF_HOME` in the `env` of workers and frontends to a cache. A snapshot in such a cache is mounted together with the files that it links to.',
      'c.yaml:3:1  slurm.partition: is missing',
      '  3 | slurm:',
      '    | ^^^^^',
      '  hint: Partition to submit to (`--partition`). Default: `partition` of the cluster profile.',
      'c.yaml:3:1  slurm.time: is missing',
      '  3 | slurm:',
      '    | ^^^^^',
      "  hint: Time limit of the job (`--time`): 90m, 4h, 1h30m, 2d or Slurm's 1-12:00:00. Required.",
    ],
  },
  {
    kind: '11 a number in quotes',
    text: added('frontend: {count: "4"}'),
    frames: [
      'c.yaml:6:19  frontend.count: "4" is text; write 4 without quotes',
      '  6 | frontend: {count: "4"}',
      '    |                   ^^^',
    ],
  },
  {
    kind: '12 no, on and yes for booleans',
    text: added(
      'frontend: {router: {kv_events: no}}',
      'infra: {nats: on}',
      'dynamo: {sglang_tokenizer: "true"}',
    ),
    frames: [
      'c.yaml:6:32  frontend.router.kv_events: "no" is text, not false; write true or false, without quotes',
      '  6 | frontend: {router: {kv_events: no}}',
      '    |                                ^^',
      'c.yaml:7:15  infra.nats: write true, false or auto, not "on"',
      '  7 | infra: {nats: on}',
      '    |               ^^',
      'c.yaml:8:28  dynamo.sglang_tokenizer: "true" is text; write true or false, without quotes',
      '  8 | dynamo: {sglang_tokenizer: "true"}',
      '    |                            ^^^^^^',
    ],
  },
  {
    kind: '13 hours and minutes without seconds',
    text: added('health: {deadline: 12:30}'),
    frames: [
      'c.yaml:6:20  health.deadline: hours or minutes? Slurm reads 12:30 as minutes and seconds; write a duration as 90m, 4h, 1h30m, 2d or 1-12:00:00',
      '  6 | health: {deadline: 12:30}',
      '    |                    ^^^^^',
    ],
  },
  {
    kind: '13 a duration without a unit',
    text: added('health: {deadline: 90, stall: 0m}'),
    frames: [
      'c.yaml:6:20  health.deadline: 90 has no unit',
      '  6 | health: {deadline: 90, stall: 0m}',
      '    |                    ^^',
      '  hint: write 90s, 90m or 90h',
      'c.yaml:6:31  health.stall: must be longer than zero; write a duration as 90m, 4h, 1h30m, 2d or 1-12:00:00',
      '  6 | health: {deadline: 90, stall: 0m}',
      '    |                               ^^',
    ],
  },
  {
    kind: '14 a leading zero',
    text: added('frontend: {count: 010}'),
    frames: [
      'c.yaml:6:19  frontend.count: 010 has a leading zero, which some programs read as octal',
      '  6 | frontend: {count: 010}',
      '    |                   ^^^',
      '  hint: write 10, or "010" in quotes if it is text',
    ],
  },
  {
    kind: '15 a fraction where a whole number belongs',
    text: added('frontend: {count: 1.5}'),
    frames: [
      'c.yaml:6:19  frontend.count: must be a whole number, not 1.5',
      '  6 | frontend: {count: 1.5}',
      '    |                   ^^^',
    ],
  },
  {
    kind: '16 a negative number',
    text: added('frontend: {port: -1}'),
    frames: [
      'c.yaml:6:18  frontend.port: must be at least 1, not -1',
      '  6 | frontend: {port: -1}',
      '    |                  ^^',
    ],
  },
  {
    kind: '17 zero',
    text: added('frontend: {count: 0}'),
    frames: [
      'c.yaml:6:19  frontend.count: must be at least 1, not 0',
      '  6 | frontend: {count: 0}',
      '    |                   ^',
    ],
  },
  {
    kind: '18 infinity and no number',
    text: added('frontend: {router: {temperature: .inf, kv_overlap_score_credit: .nan}}'),
    frames: [
      'c.yaml:6:34  frontend.router.temperature: .inf is not a finite number',
      '  6 | frontend: {router: {temperature: .inf, kv_overlap_score_credit: .nan}}',
      '    |                                  ^^^^',
      '  hint: write ".inf" in quotes if it is text',
      'c.yaml:6:65  frontend.router.kv_overlap_score_credit: .nan is not a finite number',
      '  6 | frontend: {router: {temperature: .inf, kv_overlap_score_credit: .nan}}',
      '    |                                                                 ^^^^',
      '  hint: write ".nan" in quotes if it is text',
    ],
  },
  {
    kind: '19 a number above 2^53',
    text: added('frontend: {port: 9007199254740993}'),
    frames: [
      'c.yaml:6:18  frontend.port: 9007199254740993 is too large to be exact: the limit is 2^53',
      '  6 | frontend: {port: 9007199254740993}',
      '    |                  ^^^^^^^^^^^^^^^^',
      '  hint: write it in quotes if it is text',
    ],
  },
  {
    kind: '20 null for what must be there',
    text: 'name: ~\ngpu: h100\nmodel: {path: /models/r1}\nslurm:\n  account:\n  partition: b\n  time: null\naggregated: {workers: 4, nodes: 4}\n',
    frames: [
      'c.yaml:1:1  name: is empty; give it a value',
      '  1 | name: ~',
      '    | ^^^^',
      '  hint: Name of the job: 1 to 64 letters, digits, dots, dashes and underscores. Required.',
      'c.yaml:5:3  slurm.account: is empty; give it a value',
      '  5 |   account:',
      '    |   ^^^^^^^',
      '  hint: Account to charge (`--account`). Default: `account` of the cluster profile.',
      'c.yaml:7:3  slurm.time: is empty; give it a value',
      '  7 |   time: null',
      '    |   ^^^^',
      "  hint: Time limit of the job (`--time`): 90m, 4h, 1h30m, 2d or Slurm's 1-12:00:00. Required.",
    ],
  },
  {
    kind: '20 null in a list',
    text: added('container: {image: i, mounts: [~]}'),
    frames: [
      'c.yaml:6:32  container.mounts[0]: is empty; give it a value',
      '  6 | container: {image: i, mounts: [~]}',
      '    |                                ^',
    ],
  },
  {
    kind: '21 an anchor inside itself',
    text: added('frontend: {args: &loop {deeper: *loop}}'),
    frames: [
      'c.yaml:6:33  frontend.args.deeper: *loop refers to a value that contains it',
      '  6 | frontend: {args: &loop {deeper: *loop}}',
      '    |                                 ^^^^^',
    ],
  },
  {
    kind: '21 an alias without an anchor',
    text: added('frontend: *shared'),
    frames: [
      'c.yaml:6:11  frontend: *shared has no anchor before it',
      '  6 | frontend: *shared',
      '    |           ^^^^^^^',
      '  hint: mark a value above with &shared',
    ],
  },
  {
    kind: '22 an alias bomb',
    text: added('frontend:', '  args:', '    a: &a [x, x, x, x, x, x, x, x, x, x]', ...bomb('abcdef')),
    frames: [
      'c.yaml:12:12  frontend.args.e[0]: expands the file to more than 20,000 values',
      '  12 |     e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]',
      '     |            ^^',
      '  hint: an alias counts as all values that it expands to',
    ],
  },
  {
    kind: '23 a merge key without a map',
    text: added('frontend:', '  <<: [1]'),
    frames: [
      'c.yaml:7:8  frontend["<<"]: must name a map: `<<: *anchor`',
      '  7 |   <<: [1]',
      '    |        ^',
    ],
  },
  {
    kind: '24 a custom tag',
    text: added('frontend: {args: {x: !!js/function "y"}, count: !two 2}'),
    frames: [
      'c.yaml:6:22  frontend.args.x: tags are not supported: values are text, numbers, true, false, lists and maps',
      '  6 | frontend: {args: {x: !!js/function "y"}, count: !two 2}',
      '    |                      ^^^^^^^^^^^^^',
      '  hint: delete the tag',
      'c.yaml:6:49  frontend.count: tags are not supported: values are text, numbers, true, false, lists and maps',
      '  6 | frontend: {args: {x: !!js/function "y"}, count: !two 2}',
      '    |                                                 ^^^^',
      '  hint: delete the tag',
    ],
  },
  {
    kind: '25 UTF-16',
    text: `\ufffd\ufffd${[...'name: r1\n'].map((letter) => `${letter}\0`).join('')}`,
    frames: [
      'c.yaml:1:1  the file is UTF-16',
      '  1 | \ufffd\ufffdn␀a␀m␀e␀:␀ ␀r␀1␀',
      '    | ^',
      '  hint: save it as UTF-8',
    ],
  },
  {
    kind: '25 a byte that is not UTF-8',
    text: VALID.replace('r1', 'r\ufffd'),
    frames: [
      'c.yaml:1:8  this byte is not UTF-8',
      '  1 | name: r\ufffd',
      '    |        ^',
      '  hint: save the file as UTF-8',
    ],
  },
  {
    kind: '25 a byte order mark before a fault',
    text: `\ufeff${added('cout: 1')}`,
    frames: [
      'c.yaml:6:1  cout: unknown key here; did you mean "count", under frontend?',
      '  6 | cout: 1',
      '    | ^^^^',
    ],
  },
  {
    kind: '26 CRLF before a fault',
    text: added('cout: 1').replaceAll('\n', '\r\n'),
    frames: [
      'c.yaml:6:1  cout: unknown key here; did you mean "count", under frontend?',
      '  6 | cout: 1',
      '    | ^^^^',
    ],
  },
  {
    kind: '27 an unclosed quote',
    text: added('container:', '  image: "/images/a.sqsh', '  mounts: [/a:/b]'),
    frames: [
      'c.yaml:7:10  this quote is not closed',
      '  7 |   image: "/images/a.sqsh',
      '    |          ^',
      '  hint: end it with "',
    ],
  },
  {
    kind: '27 an unclosed bracket',
    text: added('container:', '  mounts: [/a:/b', '  image: i'),
    frames: [
      'c.yaml:7:11  this bracket is not closed',
      '  7 |   mounts: [/a:/b',
      '    |           ^',
      '  hint: end it with ]',
    ],
  },
  {
    kind: '28 a key out of line',
    text: added('container:', '    image: i', '  mounts: [/a:/b]'),
    frames: [
      'c.yaml:8:3  all mapping items must start at the same column',
      '  8 |   mounts: [/a:/b]',
      '    |   ^',
      '  hint: the keys of one map start in the same column, and so do the items of one list, each after "- "',
    ],
  },
  {
    kind: '28 an item out of line',
    text: added('container:', '  mounts:', '    - /a:/b', '   - /c:/d'),
    frames: [
      'c.yaml:9:4  a block sequence may not be used as an implicit map key',
      '  9 |    - /c:/d',
      '    |    ^',
      '  hint: the keys of one map start in the same column, and so do the items of one list, each after "- "',
    ],
  },
  {
    kind: '28 a missing space',
    text: added('frontend:', '  count:2'),
    frames: [
      'c.yaml:7:3  frontend: must be a map of keys, not text',
      '  7 |   count:2',
      '    |   ^^^^^^^',
      '  hint: a space is missing after ":"',
    ],
  },
  {
    kind: '28 a second colon',
    text: added('container: {image: i}', 'name2: a: b'),
    frames: [
      'c.yaml:7:8  nested mappings are not allowed in compact mappings',
      '  7 | name2: a: b',
      '    |        ^',
      '  hint: write "key: value", with a space after the colon; a value that contains ": " needs quotes',
    ],
  },
  {
    kind: '28 no key',
    text: added('frontend', 'infra: {}'),
    frames: [
      'c.yaml:6:1  implicit keys need to be on a single line',
      '  6 | frontend',
      '    | ^^^^^^^^',
      '  hint: write "key: value", with a space after the colon; a value that contains ": " needs quotes',
    ],
  },
  {
    kind: '29 NUL and control bytes',
    text: VALID.replace('r1', 'r\0').replace('/models', '\u001b[31m/models'),
    frames: [
      'c.yaml:1:8  a NUL byte is not allowed in a text file',
      '  1 | name: r␀',
      '    |        ^',
      '  hint: delete it',
      'c.yaml:3:15  the control character U+001B is not allowed in a text file',
      '  3 | model: {path: ␛[31m/models/r1}',
      '    |               ^',
      '  hint: delete it',
    ],
  },
  {
    kind: '30 10 MB',
    text: '# filler\n'.repeat(1_165_085),
    frames: ['c.yaml:1:1  the file is larger than the limit, 256 KB', '  1 | # filler', '    | ^'],
  },
  {
    kind: '30 10,000 levels of nesting',
    text: added(`frontend: ${'['.repeat(10_000)}`),
    frames: [
      'c.yaml:6:44  maps and lists are nested deeper than 32 levels',
      '  6 | …[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[…',
      '    |                                  ^',
    ],
  },
  {
    kind: 'keys that reach prototypes',
    text: added('__proto__: {polluted: true}', 'frontend: {constructor: 1, args: {prototype: 2}}'),
    frames: [
      'c.yaml:6:1  "__proto__" is not allowed as a key',
      '  6 | __proto__: {polluted: true}',
      '    | ^^^^^^^^^',
      'c.yaml:7:12  frontend: "constructor" is not allowed as a key',
      '  7 | frontend: {constructor: 1, args: {prototype: 2}}',
      '    |            ^^^^^^^^^^^',
      'c.yaml:7:35  frontend.args: "prototype" is not allowed as a key',
      '  7 | frontend: {constructor: 1, args: {prototype: 2}}',
      '    |                                   ^^^^^^^^^',
    ],
  },
];

test.each(MALFORMED)('$kind', ({ text, frames }) => {
  expect(report(text).split('\n')).toEqual(frames);
});

test.each(MALFORMED)('$kind leaves no job', ({ text }) => {
  expect(resolve(text).job).toBeUndefined();
});

test('keys that reach prototypes change none', () => {
  report(added('__proto__: {polluted: true}', 'frontend: {constructor: {prototype: {polluted: true}}}'));
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
});

function bomb(names: string): readonly string[] {
  return [...names].slice(1).map((name, index) => {
    const below = Array.from({ length: 10 }, () => `*${names[index]}`).join(', ');
    return `    ${name}: &${name} [${below}]`;
  });
}
