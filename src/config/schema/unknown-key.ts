import { alternatives, nearest } from '../text/suggestion.ts';
import { type ConfigPath, pathText } from '../yaml/source-range.ts';
import { type Field, fieldAt, jobField, profileField } from './field.ts';
import { ROLES } from './role.ts';

/** What an unknown key most likely means. */
export interface KeyAdvice {
  readonly message: string;
  readonly hint?: string;
  /** The key of the same map that was meant. */
  readonly meant?: string;
}

/** Keys that a config may still have from earlier versions, and that nothing replaces. */
const GONE: ReadonlyMap<string, KeyAdvice> = new Map([
  [
    'infra.ports.etcd_peer',
    {
      message: 'unknown key: etcd no longer has a peer port; its peer listener is a Unix socket on its node',
      hint: 'remove this line',
    },
  ],
]);

/** Advice on a key that its map does not have. `taken` are the map's other keys. */
export function adviseKey(root: Field, path: ConfigPath, key: string, taken: ReadonlySet<string>): KeyAdvice {
  const gone = GONE.get(pathText([...path, key]));
  if (gone) return gone;
  const keys = [...(fieldAt(root, path)?.children.keys() ?? [])];
  const meant = nearest(
    key,
    keys.filter((candidate) => !taken.has(candidate)),
  );
  const near = meant ?? nearest(key, keys);
  const elsewhere = placesOf(key, root);
  const belongs = elsewhere.length > 0 ? `belongs ${alternatives(elsewhere)}` : undefined;
  if (near !== undefined) {
    const message = `unknown key; did you mean ${JSON.stringify(near)}?`;
    const hint = belongs && `a key of that name ${belongs}`;
    return { message, ...(hint && { hint }), ...(meant !== undefined && { meant }) };
  }
  if (belongs !== undefined) return { message: `unknown key here; it ${belongs}` };
  const far = nearest(key, allKeys(root));
  if (far !== undefined) {
    const [range] = placesOf(far, root);
    return { message: `unknown key here; did you mean ${JSON.stringify(far)}, ${range}?` };
  }
  if (keys.length === 0) return { message: 'unknown key' };
  return { message: 'unknown key', hint: fallbackHint(path, keys) };
}

function fallbackHint(path: ConfigPath, keys: readonly string[]): string {
  const valid = `the keys here are ${alternatives(keys, 'and')}`;
  const [owner] = path;
  const takesArguments = path.length === 1 && [...ROLES, 'frontend'].includes(String(owner));
  return takesArguments ? `an argument of the program belongs under ${owner}.args; ${valid}` : valid;
}

const MOST_PLACES = 3;

/** The places where a key exists: `under slurm`, `at the top level`, `in the cluster profile`. */
function placesOf(key: string, root: Field): readonly string[] {
  const own = mapsWith(key, root, []).map((path) =>
    path.length === 0 ? 'at the top level' : `under ${pathText(path)}`,
  );
  if (own.length > 0) return own.slice(0, MOST_PLACES);
  if (root === jobField && profileField.children.has(key)) return ['in the cluster profile'];
  if (root === profileField && mapsWith(key, jobField, []).length > 0) return ['in the config of a job'];
  return [];
}

function mapsWith(key: string, at: Field, path: ConfigPath): readonly ConfigPath[] {
  const inner = [...at.children].flatMap(([name, child]) => mapsWith(key, child, [...path, name]));
  return at.children.has(key) ? [path, ...inner] : inner;
}

function allKeys(at: Field): readonly string[] {
  return [...at.children].flatMap(([name, child]) => [name, ...allKeys(child)]);
}
