import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { judgeAccuracy, wilson } from '../../../src/bench/accuracy.ts';
import { readCounted } from '../../../src/bench/tool/accuracy.ts';
import { temporaryFolder } from '../../world.ts';
import { accuracyPy, answering } from './questions.ts';

const GSM8K = [
  { question: 'What is 6 x 7?', answer: '6 x 7 = <<6*7=42>>42.\n#### 42' },
  { question: 'What is 1000 + 234?', answer: '#### 1,234' },
  { question: 'What is 2 - 7?', answer: '#### -5' },
];

/** The result and each answer, of questions in a file. */
async function ask(
  data: string,
  answers: Parameters<typeof answering>[0],
  { name = 'questions.jsonl', words = [] }: { name?: string; words?: readonly string[] } = {},
) {
  const folder = temporaryFolder();
  const file = join(folder, name);
  writeFileSync(file, data);
  const { url, asked } = await answering(answers);
  const required = ['--url', url, '--model', 'm', '--data', file, '--out', folder];
  const end = await accuracyPy(...required, ...words);
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');
  return {
    ...{ ...end, asked, file },
    ...(end.code === 0 && {
      result: readCounted(read('result.json')),
      lines: read('answers.jsonl')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    }),
  };
}

const jsonl = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

test('what counts as a right answer', async () => {
  const cases: readonly (readonly [object, string | null, string | null, boolean])[] = [
    // Numbers.
    [{ question: 'q', answer: '#### 42' }, 'It is 6 x 7.\nAnswer: 42', '42', true],
    [{ question: 'q', answer: '#### 42' }, '**Answer:** $42.00', '42.00', true],
    [{ question: 'q', answer: 1234 }, 'so \\boxed{1,234}.', '1,234', true],
    [{ question: 'q', answer: '1234' }, 'first 5, then 1,234, I think', '1,234', true],
    [{ question: 'q', answer: '#### -5' }, 'The answer is -5', '-5', true],
    [{ question: 'q', answer: '#### 5' }, 'The answer is -5', '-5', false],
    [{ question: 'q', answer: '#### 42' }, 'no idea', null, false],
    [{ question: 'q', answer: '#### 42' }, '', null, false],
    [{ question: 'q', answer: '#### 42' }, null, null, false],
    // Thoughts are not answers.
    [{ question: 'q', answer: '#### 42' }, '<think>41? 42?</think>Answer: 41', '41', false],
    [{ question: 'q', answer: '#### 42' }, '<think>perhaps 42', null, false],
    // Choices, in the layouts of mmlu, its Hugging Face copy and LongBench v2.
    [{ Question: 'q', A: 'a', B: 'b', C: 'c', D: 'd', Answer: 'C' }, 'Answer: C', 'C', true],
    [{ question: 'q', choices: ['a', 'b'], answer: 1 }, '**Answer: (B)**', 'B', true],
    [
      {
        context: 'x',
        question: 'q',
        choice_A: 'a',
        choice_B: 'b',
        choice_C: 'c',
        choice_D: 'd',
        answer: 'D',
      },
      'D.',
      'D',
      true,
    ],
    [{ question: 'q', choices: ['a', 'b'], answer: 'A' }, 'The answer is B, not A: Answer: B', 'B', false],
    [{ question: 'q', choices: ['a', 'b'], answer: 'A' }, 'A bird is an animal', null, false],
    [{ question: 'q', choices: ['a', 'b'], answer: 'A' }, 'Answer: C', null, false],
    // Texts.
    [{ problem: 'q', answer: 'Paris' }, 'Answer: paris.', 'paris', true],
    [{ problem: 'q', answer: '1/2' }, 'so \\boxed{1/2}', '1/2', true],
    [{ problem: 'q', answer: 'Paris' }, 'Paris', null, false],
  ];
  const { lines = [] } = await ask(jsonl(cases.map(([row]) => row)), (_, index) => cases[index]?.[1] ?? null);
  expect(
    lines.map(({ answer, right }, index) => [...(cases[index]?.slice(0, 2) ?? []), answer, right]),
  ).toEqual(cases);
});

test('examples come before each question, and are not asked', async () => {
  const { asked, result } = await ask(jsonl(GSM8K), () => 'Answer: -5', {
    words: ['--shots', '2', '--repeat', '3', '--body', '{"max_tokens":99,"temperature":0.6}'],
  });
  const end = '\n\nEnd your answer with a line of the form `Answer: NUMBER`.';
  expect(asked).toEqual(
    Array(3).fill({
      model: 'm',
      messages: [
        { role: 'user', content: `What is 6 x 7?${end}` },
        { role: 'assistant', content: '6 x 7 = <<6*7=42>>42.\nAnswer: 42' },
        { role: 'user', content: `What is 1000 + 234?${end}` },
        { role: 'assistant', content: 'Answer: 1,234' },
        { role: 'user', content: `What is 2 - 7?${end}` },
      ],
      max_tokens: 99,
      temperature: 0.6,
    }),
  );
  expect(result).toEqual({
    schema: 'dyn-slurm/accuracy/1',
    ...{ questions: 1, answers: 3, correct: 3, unanswered: 0, failed: 0, outputTokens: 21 },
    seconds: expect.any(Number),
  });
});

test('the choices of gpqa are shuffled, always in the same way', async () => {
  const csv =
    'Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3\n' +
    Array.from({ length: 40 }, (_, index) => `"Which,\n${index}?",right,w1,w2,w3\n`).join('');
  const letters = ({ messages }: { messages: readonly { content: string }[] }) =>
    /([A-D])\) right/.exec(messages.at(-1)?.content ?? '')?.[1] ?? '';
  const once = await ask(csv, (asked) => `Answer: ${letters(asked)}`, { name: 'gpqa.csv' });
  const again = await ask(csv, () => 'Answer: A', { name: 'gpqa.csv' });
  expect(once.result).toMatchObject({ questions: 40, correct: 40 });
  expect(again.asked.map(letters)).toEqual(once.asked.map(letters));
  expect(new Set(once.asked.map(letters)).size).toBe(4);
  expect(again.result?.correct).toBe(once.asked.filter((asked) => letters(asked) === 'A').length);
});

test('a sample is drawn from all of the file, always the same', async () => {
  const rows = Array.from({ length: 100 }, (_, index) => ({ question: `q${index}`, answer: index }));
  const drawn = async () =>
    (await ask(JSON.stringify(rows), () => 'Answer: 1', { words: ['--samples', '10'] })).lines?.map(
      ({ line }) => line as number,
    );
  const lines = (await drawn()) ?? [];
  expect(await drawn()).toEqual(lines);
  expect(new Set(lines).size).toBe(10);
  expect(Math.max(...lines) - Math.min(...lines)).toBeGreaterThan(50);
});

test('what fails or says nothing is wrong, and counted', async () => {
  const rows = Array.from({ length: 5 }, (_, index) => ({ question: `q${index}`, answer: 3 }));
  const answers = ['Answer: 3', null, 500, 'Answer: 4', 503];
  const { code, stdout, result } = await ask(jsonl(rows), (_, index) => answers[index] ?? null);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: '1 of 5 answers are right, 1 missing, 2 requests failed\n',
  });
  expect(result).toMatchObject({
    ...{ questions: 5, answers: 5, correct: 1, unanswered: 1, failed: 2 },
    error: 'HTTP 500: {"error": "overloaded"}',
  });
});

test.each<[string, string, string]>([
  ['{"question": "q", "answer": 1}\n\n{"question": \n', 'questions.jsonl', ':3: is not JSON: '],
  ['{"question": "q", "answer": 1}\n{"answer": 1}\n', 'questions.jsonl', ':2: has no question\n'],
  ['{"question": "q"}\n', 'questions.jsonl', ':1: has no answer\n'],
  [
    '{"question": "q", "choices": ["a", "b"], "answer": "C"}\n',
    'questions.jsonl',
    ':1: has an answer that is none of its 2 choices: C\n',
  ],
  ['[1]', 'questions.json', ':1: is not an object\n'],
  ['Question,A,B,C,D\nq,1,2,3,4\n', 'questions.csv', ':2: has no answer\n'],
  ['', 'questions.jsonl', ' has 0 questions, of which 0 are examples: none is left to ask\n'],
])('%j in %s cannot be asked', async (data, name, reason) => {
  const { code, stderr, file, asked } = await ask(data, () => 'Answer: 1', { name });
  expect({ code, stderr: stderr.slice(0, `accuracy: ${file}${reason}`.length), asked }).toEqual({
    code: 1,
    stderr: `accuracy: ${file}${reason}`,
    asked: [],
  });
});

test('a file that is not there is named', async () => {
  const folder = temporaryFolder();
  const { code, stderr } = await accuracyPy(
    ...['--url', 'http://127.0.0.1:9', '--model', 'm', '--out', folder, '--data', join(folder, 'none.jsonl')],
  );
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `accuracy: cannot read ${folder}/none.jsonl: [Errno 2] No such file or directory: '${folder}/none.jsonl'\n`,
  });
});

test("Wilson's interval", () => {
  // Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
  const rounded = ([right, all]: readonly [number, number]) => {
    const { low, high } = wilson(right / all, all);
    return [low, high].map((value) => value.toFixed(4));
  };
  const cases = [
    [81, 263],
    [15, 148],
    [0, 20],
    [1, 29],
  ] as const;
  expect(cases.map(rounded)).toEqual([
    ['0.2553', '0.3662'],
    ['0.0624', '0.1605'],
    ['0.0000', '0.1611'],
    ['0.0061', '0.1718'],
  ]);
});

const JUDGED = { judged: true, underway: false };
const RECORD = { started: 0, ended: 5000, status: 0, how: 'itself' } as const;
const COUNTED = {
  schema: 'dyn-slurm/accuracy/1',
  ...{ questions: 200, answers: 200, correct: 170, unanswered: 12, failed: 1, outputTokens: 999, seconds: 5 },
  error: 'HTTP 500: x',
} as const;

test.each<[string, Parameters<typeof judgeAccuracy>, readonly string[]]>([
  [
    'at the threshold',
    [{ suite: 'gpqa', threshold: 0.85 }, { record: RECORD, counted: COUNTED }, JUDGED],
    [],
  ],
  ['without a threshold', [{ suite: 'gpqa' }, { record: RECORD, counted: COUNTED }, JUDGED], []],
  [
    'below it',
    [{ suite: 'gpqa', threshold: 0.9 }, { record: RECORD, counted: COUNTED }, JUDGED],
    [
      'gpqa: 85% right (95% interval 79.4% to 89.3%), 170 of 200 answers; 12 without a readable answer; 1 request failed: HTTP 500: x, threshold 90%',
    ],
  ],
  [
    'below it, with mock engines',
    [
      { suite: 'gpqa', threshold: 0.9 },
      { record: RECORD, counted: COUNTED },
      { judged: false, underway: false },
    ],
    [],
  ],
  ['not asked yet', [{ suite: 'gpqa' }, {}, { judged: true, underway: true }], []],
  ['never asked', [{ suite: 'gpqa' }, {}, JUDGED], ['gpqa: accuracy was not measured']],
  [
    'cut off',
    [{ suite: 'gpqa' }, { record: { ...RECORD, how: 'told', status: 143 } }, JUDGED],
    ['gpqa: it was stopped before it finished'],
  ],
  [
    'failed',
    [{ suite: 'gpqa' }, { record: { ...RECORD, status: 1 } }, JUDGED],
    ['gpqa: the tool ended with exit code 1'],
  ],
  [
    'without a result',
    [{ suite: 'gpqa' }, { record: RECORD }, JUDGED],
    ['gpqa: there is no readable result'],
  ],
])('%s', (_, facts, reasons) => {
  const { problems, accuracy } = judgeAccuracy(...facts);
  expect(problems).toEqual(reasons.map((reason) => ({ kind: 'accuracy', reason })));
  if (accuracy) expect(accuracy.valid).toBe(reasons.length === 0);
});
