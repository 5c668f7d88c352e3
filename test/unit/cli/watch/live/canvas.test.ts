import { expect, test } from 'vitest';
import { Canvas } from '../../../../../src/cli/views/live/canvas.ts';

function screen() {
  let text = '';
  const size = { columns: 20 };
  const canvas = new Canvas({ write: (more) => (text += more) }, () => size.columns);
  const taken = () => {
    const all = text
      .replaceAll('\u001b[?2026h', '{')
      .replaceAll('\u001b[?2026l', '}')
      .replaceAll('\u001b', 'ESC');
    text = '';
    return all;
  };
  return { canvas, size, taken };
}

test('writes only what has changed, in one piece', () => {
  const { canvas, taken } = screen();
  canvas.draw(['one', 'two', 'three']);
  expect(taken()).toBe('{ESC[?25lESC[Jone\ntwo\nthree\n}');
  canvas.draw(['one', 'two', 'three']);
  expect(taken()).toBe('');
  canvas.draw(['one', 'TWO', 'three']);
  expect(taken()).toBe('{ESC[3F\nTWOESC[K\n\n}');
  canvas.draw(['one']);
  expect(taken()).toBe('{ESC[3F\nESC[J}');
  canvas.draw(['one', 'four']);
  expect(taken()).toBe('{ESC[1F\nfourESC[K\n}');
});

test('what is printed stays above it', () => {
  const { canvas, taken } = screen();
  canvas.draw(['one', 'two']);
  taken();
  canvas.print('news\n');
  expect(taken()).toBe('{ESC[2FESC[Jnews\none\ntwo\n}');
});

test('a terminal that got narrower has wrapped the lines', () => {
  const { canvas, size, taken } = screen();
  canvas.draw(['\u001b[1mtwelve chars\u001b[22m', 'two']);
  taken();
  size.columns = 5;
  canvas.draw(['new']);
  expect(taken()).toBe('{ESC[4FESC[Jnew\n}');
});

test('gives the cursor back once', () => {
  const { canvas, taken } = screen();
  canvas.close();
  expect(taken()).toBe('');
  canvas.draw(['one']);
  taken();
  canvas.close();
  canvas.close();
  expect(taken()).toBe('ESC[?25h');
});
