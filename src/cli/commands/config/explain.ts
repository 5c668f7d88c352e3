import { type Explanation, explain as explanationOf, suggestKeys } from '../../../config/docs/explain.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import { jsonText } from '../../sink.ts';
import { table } from '../../views/table.ts';
import type { World } from '../../world.ts';
import { wordLines, wrapped } from '../../wrap.ts';

/** Describes a key of the config, or all of its top level. */
export async function explain(
  key: string | undefined,
  { json }: { readonly json?: boolean },
  world: World,
): Promise<number> {
  const found = explanationOf(key ?? '');
  if (found === undefined) throw unknown(key ?? '');
  world.out.write(json ? jsonText(found) : text(found, Math.min(world.columns, 110)));
  return EXIT.ok;
}

function unknown(key: string): DynSlurmError {
  const near = suggestKeys(key);
  const message = `there is no key ${JSON.stringify(key)}`;
  const hint = '`dyn-slurm explain` lists the keys of the top level';
  if (near.length === 0) return new DynSlurmError('usage', message, { hint });
  return new DynSlurmError('usage', `${message}; did you mean ${near.join(' or ')}?`);
}

/** Defaults, and what is required, are in the descriptions. */
function text({ key, type, description, examples, choices, children }: Explanation, width: number): string {
  const facts = [
    choices.length > 0 ? `One of ${choices.join(', ')}.` : '',
    examples.length > 0 ? `For example ${examples.map((one) => JSON.stringify(one)).join(', ')}.` : '',
  ];
  const head =
    key === '' ? 'The keys of a config. `dyn-slurm explain KEY` describes one in detail.' : `${key}: ${type}`;
  const said = [description, ...facts].filter(Boolean).flatMap((sentence) => wordLines(sentence, width - 2));
  const keys = children.map((child) => [
    child.key.slice(child.key.lastIndexOf('.') + 1),
    child.type,
    child.description,
  ]);
  const listed = keys.length > 0 ? `\n${table(['key', 'type', 'meaning'], keys, { width: width - 2 })}` : '';
  return `${wrapped(head, width)}\n${`${said.join('\n')}\n${listed}`.replace(/^(?=.)/gm, '  ')}`;
}
