import forms from './line-forms.json' with { type: 'json' };

/**
 * Regular expressions that JavaScript and the extended ones of bash read alike (no `\d`, no `[^]`), since a node uses
 * them, too. `prefix`: what a launcher puts before a line of another process. `mild`: a line of a level below error; `listing`: one that lists
 * arguments.
 * `frame`: of a traceback. `exception`: what a traceback ends with; `named`: what is one without a traceback. `error`:
 * looks like an error. `lookup`: an exception that most often is only asked and answered. `silent`: the next lines say
 * what it is. `departing`: the last words of a process that was ended. `pointers`: under a frame's source. `stamped`: a
 * line of its own. `stern`: counts whatever its level says, such as NCCL's warnings, which are its errors. `working`: only
 * an engine that goes on says it.
 */
export const LINE_FORMS: Readonly<Record<FormName, string>> = forms;

type FormName =
  | 'prefix'
  | 'mild'
  | 'listing'
  | 'frame'
  | 'exception'
  | 'named'
  | 'error'
  | 'lookup'
  | 'silent'
  | 'departing'
  | 'pointers'
  | 'stamped'
  | 'stern'
  | 'working';

const compiled = Object.fromEntries(
  Object.entries(LINE_FORMS).map(([name, source]) => [name, new RegExp(source)]),
) as Readonly<Record<FormName, RegExp>>;

export function hasForm(name: FormName, line: string): boolean {
  return compiled[name].test(line);
}

/** Characters at the beginning of a line where its level stands. */
const LEVEL_WITHIN = 120;

/** Whether a program says that the line is no error, or lists its arguments. */
export function isMild(line: string): boolean {
  return (
    !hasForm('stern', line) && (hasForm('mild', line.slice(0, LEVEL_WITHIN)) || hasForm('listing', line))
  );
}

/** A line without what launchers put before it: `[rank0]: `, `(EngineCore pid=7) ERROR 12-01 10:00:00 [core.py:1] `. */
export function withoutPrefix(line: string): string {
  let text = line;
  for (let round = 0; round < 3; round++) {
    const [prefix = ''] = compiled.prefix.exec(text) ?? [];
    if (prefix === '') break;
    text = text.slice(prefix.length);
  }
  return text;
}
