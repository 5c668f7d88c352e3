import type { RoleConfig } from '../config/schema/role.ts';

/** The number that `8`, `gpus` or `gpus-2` stands for; may be below 1 where the worker is too small. */
export function parallelSize(value: RoleConfig['tp'], gpus: number): number | undefined {
  if (value === undefined || typeof value === 'number') return value;
  return gpus - Number(value.slice('gpus-'.length));
}
