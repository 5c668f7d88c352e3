import { Document, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { ConfigMap, ConfigScalar, ConfigValue } from './tree.ts';

/**
 * A tree as YAML, every number as its file spells it. What a `null` took away while the tree was merged is written as
 * `null` where `below`, which it will be laid over again, has something there. Comments and anchors are not kept.
 */
export function yamlText(tree: ConfigMap, below: ConfigMap | undefined): string {
  // In this schema all plain text is text, so that nothing is spelled anew.
  const document = new Document(undefined, { schema: 'failsafe', version: '1.2' });
  document.contents = mapNode(tree, below) as typeof document.contents;
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function mapNode({ entries, removed }: ConfigMap, below: ConfigMap | undefined): YAMLMap {
  const map = new YAMLMap();
  for (const [key, { value }] of entries) {
    const under = below?.entries.get(key)?.value;
    map.add({ key: textNode(key), value: node(value, under?.kind === 'map' ? under : undefined) });
  }
  for (const key of removed?.keys() ?? []) {
    if (below?.entries.has(key)) map.add({ key: textNode(key), value: new Scalar('null') });
  }
  map.flow = map.items.length === 0;
  return map;
}

function node(value: ConfigValue, below: ConfigMap | undefined): YAMLMap | YAMLSeq | Scalar {
  if (value.kind === 'map') return mapNode(value, below);
  if (value.kind === 'scalar') return scalarNode(value);
  const list = new YAMLSeq();
  list.items = value.items.map((item) => node(item, undefined));
  list.flow = value.items.every(({ kind }) => kind === 'scalar');
  return list;
}

function scalarNode({ value, written }: ConfigScalar): Scalar {
  if (typeof value === 'string') return textNode(value);
  return new Scalar(value === null ? 'null' : written);
}

/** Text that YAML takes for no number, boolean or null, and that needs no second look; durations among it. */
const PLAIN = /^(?!(?:true|false|null)$)(?:[a-z/](?:[\w ./@+=-]|:(?! |$))*|\d+[dhms](?:\d+[hms])*)$/i;

function textNode(text: string): Scalar {
  const scalar = new Scalar(text);
  if (!PLAIN.test(text) && !text.includes('\n')) scalar.type = 'QUOTE_DOUBLE';
  return scalar;
}
