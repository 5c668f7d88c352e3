import { ports } from './schema/sections.ts';
import { locate } from './yaml/locate.ts';
import { pathText } from './yaml/source-range.ts';
import type { ConfigMap } from './yaml/tree.ts';

const PATHS = [
  ['frontend', 'port'],
  ...Object.keys(ports.shape).map((field) => ['infra', 'ports', field]),
] as const;

/** Paths of the ports that a file gives. People rely on these; the job may move all others. */
export function fixedPorts(tree: ConfigMap): readonly string[] {
  return PATHS.filter((path) => locate(tree, path).value !== undefined).map(pathText);
}
