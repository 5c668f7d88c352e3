import { z } from 'zod';

/** Slurm job names reach file names, accounting and `#SBATCH` lines, which are not shell and cannot be quoted. */
export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'use 1 to 64 letters, digits, dots, dashes and underscores, starting with a letter or digit',
  );

/** Text of a `#SBATCH` option: sbatch reads it literally, and ends it at a space, a quote or a `#`. */
export const directive = z
  .string()
  .regex(
    /^[A-Za-z0-9_.:,=@%&|*()[\]/+~-]+$/,
    'sbatch reads this literally: no spaces, quotes, "#", "$", "\\" or control characters',
  )
  .refine((text) => !text.startsWith('-'), 'must not start with "-"');

/** Text that becomes one quoted word of a command. */
export const text = z
  .string()
  .min(1, 'must not be empty')
  .refine((value) => !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(value), 'must not hold control characters');

/** A path on the cluster. pyxis splits mounts at ":" and ",", and has no escape for them. */
export const mountablePath = text.refine(
  (value) => !/[:,\n]/.test(value),
  'must not hold ":", "," or a line break, which container mounts cannot carry',
);

export const port = z.int().min(1).max(65535);
export const count = z.int().min(1);

const UNITS = { s: 1, m: 60, h: 3600, d: 86400 } as const;

/** Reads `90m`, `4h`, `1h30m`, `2d` or Slurm's `D-HH:MM:SS` and `D-HH`; seconds, or undefined if it is neither. */
export function parseDuration(value: string): number | undefined {
  const slurm = /^(?:(\d{1,3})-)?(\d{1,2}):(\d{2}):(\d{2})$/.exec(value);
  if (slurm) {
    const [, days, hours, minutes, seconds] = slurm;
    if (Number(minutes) > 59 || Number(seconds) > 59) return undefined;
    return Number(days ?? 0) * 86400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  }
  const dayHours = /^(\d{1,3})-(\d{1,2})$/.exec(value);
  if (dayHours) return Number(dayHours[1]) * 86400 + Number(dayHours[2]) * 3600;
  if (!/^(\d{1,6}[smhd])+$/.test(value)) return undefined;
  return [...value.matchAll(/(\d+)([smhd])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit as keyof typeof UNITS],
    0,
  );
}

/** A span of time, as text; seconds once read. Bare `1:30` is refused because Slurm reads it as minutes and seconds. */
export const duration = z
  .string()
  .refine(
    (value) => (parseDuration(value) ?? 0) > 0,
    'write a duration as "90m", "4h", "1h30m" or "1-12:00:00"',
  )
  .transform((value) => parseDuration(value) ?? 0);

const FORBIDDEN_ENV = new Set([
  'LD_PRELOAD',
  'LD_AUDIT',
  'BASH_ENV',
  'ENV',
  'PROMPT_COMMAND',
  'PS4',
  'IFS',
  'SHELLOPTS',
  'BASHOPTS',
]);
const SECRET_NAME = /(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS)$/;

const envName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not a name of an environment variable')
  .refine((value) => !FORBIDDEN_ENV.has(value), 'changes how every program starts and is refused');

const secretSource = z.union([z.strictObject({ from_env: envName }), z.strictObject({ from_file: text })]);

/** Environment of a process. Numbers and booleans are written as text; secrets only by reference. */
export const environment = z
  .record(envName, z.union([z.string(), z.number(), z.boolean(), secretSource]))
  .superRefine((env, context) => {
    for (const [key, value] of Object.entries(env)) {
      if (typeof value === 'string' && SECRET_NAME.test(key) && value !== '') {
        context.addIssue({
          code: 'custom',
          path: [key],
          message: `looks like a secret; write {from_env: ${key}} or {from_file: PATH} instead`,
        });
      }
      if (typeof value === 'string' && value.includes('\u0000')) {
        context.addIssue({ code: 'custom', path: [key], message: 'must not hold a NUL byte' });
      }
    }
  });

export type EnvironmentValue = z.infer<typeof environment>[string];
