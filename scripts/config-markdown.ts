import { type Field, fieldAt, jobField, profileField } from '../src/config/schema/field.ts';
import { ROLES } from '../src/config/schema/role.ts';

/** Every key of a config with what the schema says of it, for docs/config.md. */
export function keysMarkdown(): string {
  return `\n${[section('### Top level', jobField), ...topLevel()].join('\n\n')}\n\n`;
}

/** Every key of a cluster profile. */
export function profileMarkdown(): string {
  return `\n${table(profileField)}\n\n`;
}

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
