/**
 * An argument's name with dashes, as programs take it however it is written. What stands behind its first dot are keys of
 * its value, which is a map: they keep their underscores.
 */
export function dashed(name: string): string {
  const [argument = '', ...keys] = name.split('.');
  return [argument.replaceAll('_', '-'), ...keys].join('.');
}
