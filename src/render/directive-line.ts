/**
 * An option as sbatch reads it in an `#SBATCH` line: at a space or a `#` a word ends, quotes of either kind hold it together,
 * and a backslash takes the next character as it is, between quotes of either kind too (`_get_argument` of sbatch's opt.c).
 */
export function directiveLine(option: string): string {
  if (/^[A-Za-z0-9_.:,=@%&|*()[\]/+~^!?;<>{}$-]+$/.test(option)) return option;
  const [, name = '', value = ''] = /^(--[^=]*=)(.*)$/s.exec(option) ?? [];
  if (!/['\\]/.test(value)) return `${name}'${value}'`;
  return `${name}"${value.replace(/["\\]/g, '\\$&')}"`;
}
