import * as z from 'zod';
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
