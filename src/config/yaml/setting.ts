import { parseYaml } from './parse.ts';

/** What a command line sets: a name, and its value as YAML. */
export interface Setting {
  readonly name: string;
  readonly value: string;
}

/** A command line's changes of one role, or of the frontends, by name; the last of a name counts. */
export interface Settings {
  readonly args: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

export const NO_SETTINGS: Settings = { args: {}, env: {} };

/**
 * Reads `NAME=VALUE`, or `NAME` alone, which is a bare flag. The value is read as in a config (`0.9`, `true`, `[1, 2]`,
 * `null` to remove); what is no YAML of one value is text.
 */
export function readSetting(text: string): Setting {
  const at = text.indexOf('=');
  if (at < 0) return { name: text, value: 'true' };
  return { name: text.slice(0, at), value: yamlOf(text.slice(at + 1)) };
}

/**
 * `later` over `earlier`, name by name; `_` and `-` spell the same argument. A `null` that takes away what only `earlier`
 * had set leaves nothing to say. `config`: what they are laid over.
 */
export function withoutUndone(
  earlier: Settings,
  later: Settings,
  config: { readonly args: object; readonly env: object } | undefined,
): Settings {
  const merge = (kind: keyof Settings, key: (name: string) => string): Settings['args'] => {
    const before = new Set(Object.keys(earlier[kind]).map(key));
    const beneath = new Set(Object.keys(config?.[kind] ?? {}).map(key));
    const said = Object.entries(over(earlier[kind], later[kind], key)).filter(
      ([name, value]) => value !== 'null' || beneath.has(key(name)) || !before.has(key(name)),
    );
    return Object.fromEntries(said);
  };
  return { args: merge('args', normalizeNames), env: merge('env', String) };
}

function over(
  earlier: Settings['args'],
  later: Settings['args'],
  key: (name: string) => string,
): Settings['args'] {
  const names = new Set(Object.keys(later).map(key));
  const kept = Object.entries(earlier).filter(([name]) => !names.has(key(name)));
  return { ...Object.fromEntries(kept), ...later };
}

const normalizeNames = (name: string): string => name.replaceAll('_', '-');

/** The settings as an overlay of a config: see ResolveInput. `owner`: `decode`, `frontend`, … */
export function overlayText(owner: string, { args, env }: Settings): string {
  const part = (key: string, settings: Readonly<Record<string, string>>): string => {
    const lines = Object.entries(settings).map(
      ([name, value]) => `    ${PLAIN.test(name) ? name : JSON.stringify(name)}: ${value}\n`,
    );
    return lines.length === 0 ? '' : `  ${key}:\n${lines.join('')}`;
  };
  const body = `${part('args', args)}${part('env', env)}`;
  return body === '' ? '{}\n' : `${owner}:\n${body}`;
}

const PLAIN = /^[A-Za-z][A-Za-z0-9_-]*$/;

function yamlOf(text: string): string {
  const { root, diagnostics } = parseYaml('value', `v: ${text}\n`);
  const one = root !== undefined && diagnostics.length === 0 && root.entries.size === 1;
  // An anchor or a comment would be read as such, and a trailing one vanish.
  const plain = text.trim() !== '' && !text.includes('\n') && !/[#&*]/.test(text);
  return one && plain ? text : JSON.stringify(text);
}
