import type { Layer, ParsedFile, SourceFile } from './yaml/parse.ts';
import type { ConfigMap } from './yaml/tree.ts';

/**
 * Stands for a cluster profile where there is none, as for a rehearsal: an account, a partition, a place for the model that the
 * config names by an alias, and a cache of Hugging Face's hub. `layers`: the config and what comes over it, lowest first.
 */
export function missingProfile(layers: readonly (ParsedFile | Layer)[]): SourceFile {
  const alias = layers.reduce((found, { root }) => (root && modelIn(root)) ?? found, '');
  const lines = [
    'account: none',
    'partition: none',
    "preamble: 'export HF_HOME=/models'",
    ...(alias === '' || alias.includes('/')
      ? []
      : ['models:', `  ${JSON.stringify(alias)}: /models/${alias.replaceAll(/[^\w.-]/g, '-')}`]),
  ];
  return { file: 'no cluster profile', text: `${lines.join('\n')}\n` };
}

function modelIn(root: ConfigMap): string | undefined {
  const model = root.entries.get('model')?.value;
  const path = model?.kind === 'map' ? model.entries.get('path')?.value : undefined;
  return path?.kind === 'scalar' && typeof path.value === 'string' ? path.value : undefined;
}
