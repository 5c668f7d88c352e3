import { expect, test } from 'vitest';
import { formatDiagnostic } from '../../../src/config/yaml/diagnostic.ts';
import { resolve, VALID } from './report.ts';

/** Numerical Recipes' generator, so that a failure can be repeated. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = [
  ...[
    '[',
    ']',
    '{',
    '}',
    ':',
    ': ',
    '- ',
    '\n',
    '  ',
    '\t',
    '"',
    "'",
    '&a ',
    '*a',
    '<<: *a',
    '!!str ',
    '!x ',
    '|\n',
    '>\n',
  ],
  ...[
    '%',
    '@',
    '`',
    '#',
    '? ',
    '---\n',
    '...\n',
    'null',
    '~',
    'true',
    'no',
    '-1',
    '1.5',
    '010',
    '.inf',
    '9007199254740993',
  ],
  ...[
    '__proto__: ',
    'constructor: ',
    '\0',
    '\u001b',
    '\ufeff',
    '\ufffd',
    '\r',
    'é',
    '漢',
    '"\\ud800"',
    'args: ',
    'topology: ',
  ],
];

type Source = (below: (limit: number) => number) => string;

const SOURCES: Readonly<Record<string, Source>> = {
  bytes: (below) => Buffer.from(Array.from({ length: below(300) }, () => below(256))).toString('utf8'),
  pieces: (below) => Array.from({ length: below(60) }, () => PIECES[below(PIECES.length)]).join(''),
  'a config with pieces in it': (below) =>
    Array.from({ length: 1 + below(5) }).reduce<string>((text) => {
      const at = below(text.length);
      return text.slice(0, at) + PIECES[below(PIECES.length)] + text.slice(at + below(3));
    }, VALID),
};

test.each(Object.entries(SOURCES))(
  '%s never throw, and end in a job or an error with its place',
  (_what, source) => {
    const below = generator(20_260_101);
    for (let round = 0; round < 1500; round += 1) {
      const text = source(below);
      const { job, diagnostics } = resolve(text, { topology: source(below), cluster: [source(below)] });
      const failed = diagnostics.some(({ severity }) => severity === 'error');
      if (failed === (job !== undefined)) expect.fail(`neither or both for ${JSON.stringify(text)}`);
      for (const diagnostic of diagnostics) {
        const shown = formatDiagnostic(diagnostic, text);
        if (/[\0-\t\v-\u001f\u007f-\u009f]/.test(shown))
          expect.fail(`unsafe output for ${JSON.stringify(text)}`);
        if (diagnostic.line < 1 || diagnostic.column < 1 || diagnostic.length < 1)
          expect.fail(JSON.stringify(diagnostic));
      }
    }
  },
);
