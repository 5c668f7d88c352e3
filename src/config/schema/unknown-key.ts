import { alternatives, nearest } from '../text/suggestion.ts';
import { keyError, type Problem } from '../yaml/problem.ts';
import { type ConfigPath, pathText } from '../yaml/source-range.ts';
import { type Field, fieldAt, jobField, profileField } from './field.ts';
import { ROLES } from './role.ts';

/** A key that a config may still have from earlier versions, and that nothing replaces. */
const GONE = 'infra.ports.etcd_peer';
const WHY_GONE =
  'unknown key: etcd no longer has a peer port; its peer listener is a Unix socket on its node';

/** What is wrong with a key that its map does not have, and what it most likely means. `taken` are the map's other keys. */
export function unknownKey(root: Field, owner: ConfigPath, key: string, taken: Iterable<string>): Problem {
  const path = [...owner, key];
  if (pathText(path) === GONE) return keyError(path, WHY_GONE, 'remove this line');
  const keys = [...(fieldAt(root, owner)?.children.keys() ?? [])];
  const others = new Set(taken);
  const meant = nearest(
    key,
    keys.filter((candidate) => !others.has(candidate)),
  );
  const near = meant ?? nearest(key, keys);
  // A key that is there already may have been meant as well, as tp by tpp where pp is free.
  const isSure = meant === nearest(key, keys);
  const elsewhere = placesOf(key, root);
  const belongs = elsewhere.length > 0 ? `belongs ${alternatives(elsewhere)}` : undefined;
  if (near !== undefined) {
    const hint = belongs && `a key of that name ${belongs}`;
    const problem = keyError(path, `unknown key; did you mean ${JSON.stringify(near)}?`, hint);
    return meant === undefined || !isSure ? problem : { ...problem, repair: { rename: meant } };
  }
  if (belongs !== undefined) return keyError(path, `unknown key here; it ${belongs}`);
  const far = nearest(key, allKeys(root));
  if (far !== undefined) {
    const [range] = placesOf(far, root);
    return keyError(path, `unknown key here; did you mean ${JSON.stringify(far)}, ${range}?`);
  }
  return keyError(path, 'unknown key', keys.length === 0 ? undefined : fallbackHint(owner, keys));
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
