/** A sample in Prometheus' text format. `seconds`: its time, since 1970. */
export function sampleText(
  name: string,
  labels: Readonly<Record<string, string>>,
  value: number,
  seconds?: number,
): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${labelText(text)}"`);
  return `${name}{${pairs.join(',')}} ${value}${seconds === undefined ? '' : ` ${seconds}`}\n`;
}

function labelText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
