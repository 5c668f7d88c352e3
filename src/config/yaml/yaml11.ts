/** https://yaml.org/type/ as PyYAML 6 has it: `y` and `n` are text, and a float needs a dot, its exponent a sign. */
const BOOLEAN = /^(?:(yes|Yes|YES|true|True|TRUE|on|On|ON)|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const INTEGER = /^([-+]?)(?:0b([01_]+)|0([0-7_]+)|(0|[1-9][0-9_]*)|0x([0-9a-fA-F_]+))$/;
const FLOAT = /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/;
const SEXAGESIMAL = /^([-+]?)([0-9][0-9_]*(?::[0-5]?[0-9])+)(\.[0-9_]*)?$/;

/**
 * The value of a scalar without quotes as Python's `yaml.safe_load` reads it. Dates, infinities and whole numbers that are
 * too large to be exact stay text.
 */
export function readYaml11(written: string): string | number | boolean | null {
  if (NULL.test(written)) return null;
  const boolean = BOOLEAN.exec(written);
  if (boolean) return boolean[1] !== undefined;
  const number = integer(written) ?? sexagesimal(written) ?? float(written);
  return number === undefined || (Number.isInteger(number) && !Number.isSafeInteger(number))
    ? written
    : number;
}

function integer(written: string): number | undefined {
  const found = INTEGER.exec(written);
  if (!found) return undefined;
  const [, sign, ...digits] = found;
  const at = digits.findIndex((one) => one !== undefined);
  const size = Number.parseInt((digits[at] ?? '').replaceAll('_', '') || '0', [2, 8, 10, 16][at]);
  return sign === '-' ? -size : size;
}

function float(written: string): number | undefined {
  return FLOAT.test(written) ? Number(written.replaceAll('_', '')) : undefined;
}

/** `4:00:00` is 14400; a whole number may not begin with 0, so that `04:00:00` is text. */
function sexagesimal(written: string): number | undefined {
  const found = SEXAGESIMAL.exec(written);
  if (!found) return undefined;
  const [, sign, whole = '', fraction] = found;
  if (fraction === undefined && whole.startsWith('0')) return undefined;
  const parts = `${whole}${fraction ?? ''}`.replaceAll('_', '').split(':').map(Number);
  const size = parts.reduce((sum, part) => sum * 60 + part, 0);
  return sign === '-' ? -size : size;
}
