import { type Field, fieldAt, jobField, profileField } from '../schema/field.ts';
import { ROLES } from '../schema/role.ts';
import { MERGING, SHORTEST, VALUES, WHOLE } from './reference-text.ts';

/** The reference of the config, docs/config.md: examples first, then every key with what the schema says of it. */
export function configMarkdown(): string {
  return [
    '# The config',
    '<!-- Generated from the schema by `npm run generate`; do not edit. -->',
    SHORTEST,
    MERGING,
    WHOLE,
    VALUES,
    '## Keys',
    '`dyn-slurm explain KEY` prints the same, and `dyn-slurm schema` a JSON Schema for editors.',
    section('### Top level', jobField),
    ...topLevel(),
    '## Cluster profile',
    PROFILE,
    table(profileField),
    '',
  ].join('\n\n');
}

const PROFILE =
  'Site facts live in files `~/.config/dyn-slurm/clusters/NAME.yaml` and `.dyn-slurm/clusters/NAME.yaml` (which ' +
  'wins, and is looked for in the working folder and above it), chosen by `--cluster NAME`, `DYN_SLURM_CLUSTER` or the ' +
  'key `cluster`. `local` is built in. The file and the folders above it must belong to you or root, and nobody else ' +
  'may be able to write to them. In a `.dyn-slurm` folder only `account`, `partition`, `gpu_directive`, ' +
  '`gpu_type`, `memory_directive` and `gpus_per_node` count by themselves; a file with other keys has to be trusted first, see ' +
  '[Security](security.md#cluster-profiles). [First use on your own cluster](first-use.md) tells how to find the values.';

/** The roles have the same keys, and are described once. */
function topLevel(): readonly string[] {
  const names = [...jobField.children.keys()];
  const first = ROLES[0];
  return names
    .filter((name) => name === first || !(ROLES as readonly string[]).includes(name))
    .flatMap((name) => {
      const title = name === first ? ROLES.map((role) => `\`${role}\``).join(', ') : `\`${name}\``;
      return nested(title, name, fieldAt(jobField, [name]));
    });
}

function nested(title: string, path: string, field: Field | undefined): readonly string[] {
  if (field === undefined || field.children.size === 0) return [];
  const own = section(`### ${title}`, field);
  const inner = [...field.children].flatMap(([name, child]) =>
    nested(`\`${path}.${name}\``, `${path}.${name}`, child),
  );
  return [own, ...inner];
}

function section(title: string, field: Field): string {
  const isRole = title.includes('`prefill`');
  const intro = isRole ? 'The roles of workers; all have the same keys.' : (field.description ?? '');
  return [title, intro, table(field)].filter((part) => part !== '').join('\n\n');
}

function table(field: Field): string {
  const rows = [...field.children].map(
    ([name, child]) => `| \`${name}\` | ${typeOf(child)} | ${meaning(child)} |`,
  );
  return ['| key | value | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function typeOf({ type, choices }: Field): string {
  return cell(choices.length > 0 ? choices.map((choice) => `\`${choice}\``).join(', ') : type);
}

function meaning({ description, examples }: Field): string {
  const shown = examples.map(
    (example) => `\`${typeof example === 'string' ? oneLine(example) : JSON.stringify(example)}\``,
  );
  const text = shown.length === 0 ? '' : ` Example${shown.length > 1 ? 's' : ''}: ${shown.join(', ')}.`;
  return cell(`${description ?? ''}${text}`);
}

function oneLine(text: string): string {
  return text.trimEnd().replaceAll('\n', ' ');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
