import * as z from 'zod';
import { parseDuration } from '../text/duration.ts';
import { quoted } from '../yaml/source-range.ts';

/** Slurm job names reach file names, accounting and `#SBATCH` lines, which are not shell and cannot be quoted. */
export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'use 1 to 64 letters, digits, dots, dashes and underscores, starting with a letter or digit',
  );

const DIRECTIVE = /^[A-Za-z0-9_.:,=@%&|*()[\]/+~][A-Za-z0-9_.:,=@%&|*()[\]/+~-]*$/;

/** Text of a `#SBATCH` option: sbatch reads it literally, and ends it at a space, a quote or a `#`. */
export const directive = z.string().regex(DIRECTIVE, { error: ({ input }) => directiveFault(String(input)) });

function directiveFault(value: string): string {
  if (value === '') return 'must not be empty';
  if (value.startsWith('-')) return 'must not start with "-"';
  const wrong = [...value].find((character) => !DIRECTIVE.test(`x${character}`)) ?? value;
  return `must not contain ${wrong === ' ' ? 'a space' : quoted(wrong)}: sbatch reads it literally, without quotes`;
}

/** Text that becomes one quoted word of a command. */
export const text = z
  .string()
  .min(1, 'must not be empty')
  .refine(
    (value) => !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(value),
    'must not contain control characters',
  );

/** A path on the cluster. pyxis splits mounts at ":" and ",", and has no escape for them. */
export const mountablePath = text.refine(
  (value) => !/[:,\n]/.test(value),
  'must not contain ":", "," or a line break, which container mounts do not support',
);

/** `HOST:CONTAINER`, with `:ro` for read-only. */
export const mount = z
  .string()
  .regex(
    /^[^:,\n]+:[^:,\n]+(:(ro|rw))?$/,
    'write a mount as HOST:CONTAINER or HOST:CONTAINER:ro, without commas',
  )
  .meta({ title: 'mount', examples: ['/lustre/configs:/configs:ro'] });

export const port = z.int().min(1).max(65535).meta({ title: 'port' });
export const count = z.int().min(1);

const FORMS = 'write a duration as 90m, 4h, 1h30m, 2d or 1-12:00:00';

/** A span of time, as text; seconds once read. Bare `1:30` is refused because Slurm reads it as minutes and seconds. */
export const duration = z
  .string()
  .refine((value) => (parseDuration(value) ?? 0) > 0, { error: ({ input }) => fault(String(input)) })
  .meta({
    title: 'duration',
    // For editors, which cannot ask `parseDuration`.
    pattern: '^((\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?|\\d+:\\d\\d:\\d\\d|\\d+-\\d+(:\\d\\d){0,2})$',
  })
  .transform((value) => parseDuration(value) ?? 0);

function fault(value: string): string {
  if (/^\d{1,3}:\d{2}$/.test(value))
    return `hours or minutes? Slurm reads ${value} as minutes and seconds; ${FORMS}`;
  if (parseDuration(value) === 0) return `must be longer than zero; ${FORMS}`;
  return FORMS;
}

/** Variables that make a shell or the loader run something else; no worker needs them from a config. */
const FORBIDDEN = new Set(['LD_PRELOAD', 'LD_AUDIT', 'BASH_ENV', 'ENV', 'PROMPT_COMMAND', 'PS4', 'IFS']);

/** Variables that bash keeps to itself, so that they reach no program with the value that a config gives (bash 5.2). */
const READ_ONLY = new Set([
  'BASHOPTS',
  'BASH_ARGC',
  'BASH_ARGV',
  'BASH_LINENO',
  'BASH_SOURCE',
  'BASH_VERSINFO',
  'EUID',
  'PIPESTATUS',
  'PPID',
  'SHELLOPTS',
  'UID',
  '_',
]);

const envName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not a valid variable name: use letters, digits and "_"')
  .refine((value) => !FORBIDDEN.has(value), 'changes how every program starts, so it is not allowed');

const givenName = envName
  .refine(
    (value) => !READ_ONLY.has(value),
    'is reserved by bash, so its value would be lost; use another name',
  )
  .refine(
    (value) => !value.startsWith('DYN_SLURM_'),
    'starts with DYN_SLURM_, which is reserved for dyn-slurm; use another name',
  );

const secretSource = z.union(
  [
    z.strictObject({
      from_env: envName.describe(
        'Variable of the shell that runs `submit`; its value is passed without being shown.',
      ),
    }),
    z.strictObject({
      from_file: text.describe('File on the nodes whose content is the value.'),
    }),
  ],
  { error: 'write {from_env: NAME} or {from_file: PATH}' },
);

const value = z
  .union([z.string(), z.number(), z.boolean(), secretSource], {
    error: 'must be text, a number, true, false, {from_env: NAME} or {from_file: PATH}',
  })
  .meta({ title: 'text, number, true, false, or a reference to a secret' })
  .describe('A variable: its value or, for a secret, {from_env: NAME} or {from_file: PATH}.');

/**
 * Environment of a process. Numbers and booleans are passed on as they are written; secrets only by reference, so
 * that they reach no script, no dry-run and no log.
 */
export const environment = z.record(givenName, value).meta({
  title: 'map of variables',
  examples: [{ NCCL_DEBUG: 'INFO', HF_TOKEN: { from_env: 'HF_TOKEN' } }],
});

export type EnvironmentValue = z.infer<typeof environment>[string];
