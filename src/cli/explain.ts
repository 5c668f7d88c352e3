import { type Explanation, explain as explanationOf, suggestKeys } from '../config/explain.ts';
import { DynSlurmError, EXIT } from '../errors.ts';
import { table } from './table.ts';
import type { World } from './world.ts';

export interface ExplainOptions {
  readonly json?: boolean;
}

/** Describes a key of the config, or all of its top level. */
export async function explain(
  key: string | undefined,
  { json }: ExplainOptions,
  world: World,
): Promise<number> {
  const found = explanationOf(key ?? '');
  if (found === undefined) throw unknown(key ?? '');
  world.out.write(json ? `${JSON.stringify(found, null, 2)}\n` : text(found));
  return EXIT.ok;
}

function unknown(key: string): DynSlurmError {
  const near = suggestKeys(key);
  const message = `there is no key ${JSON.stringify(key)}`;
  if (near.length === 0) {
    return new DynSlurmError('usage', message, {
      hint: '`dyn-slurm explain` lists the keys of the top level',
    });
  }
  return new DynSlurmError('usage', `${message}; did you mean ${near.join(' or ')}?`);
}

function text({
  key,
  type,
  description,
  required,
  examples,
  choices,
  children,
  ...rest
}: Explanation): string {
  const facts = [
    required && key !== '' ? 'required' : '',
    choices.length > 0 ? `one of ${choices.join(', ')}` : '',
    'default' in rest && typeof rest.default !== 'object' ? `default ${JSON.stringify(rest.default)}` : '',
    examples.length > 0 ? `for example ${examples.map((example) => JSON.stringify(example)).join(', ')}` : '',
  ];
  const head =
    key === '' ? 'The keys of a config; `dyn-slurm explain KEY` says more of one.\n' : `${key}: ${type}\n`;
  const keys = children.map((child) => [lastOf(child.key), child.type, child.description]);
  return [
    head,
    description === '' ? '' : `  ${description}\n`,
    ...facts.filter(Boolean).map((fact) => `  ${fact}\n`),
    keys.length > 0 ? `\n${table(['key', 'type', 'meaning'], keys).replace(/^(?=.)/gm, '  ')}` : '',
  ].join('');
}

function lastOf(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}
