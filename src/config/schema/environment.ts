import * as z from 'zod';
import { text } from './fields.ts';

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
