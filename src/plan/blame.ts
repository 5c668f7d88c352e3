import { type Resolved, type ResolveInput, resolveJob } from '../config/resolve.ts';
import type { Layer } from '../config/yaml/parse.ts';
import type { Problem } from '../config/yaml/problem.ts';
import { type ConfigPath, pathText } from '../config/yaml/source-range.ts';
import { type Leaf, layersOf, leavesOf, placeText, ranksOf, withoutLeaves } from './layer-keys.ts';

/** A config as far as its rules are concerned. */
export interface Ruled {
  readonly resolved: Resolved;
  readonly problems: readonly Problem[];
  /** Workers, nodes and GPUs agree, so that all rules were asked. */
  readonly placed: boolean;
}

/** Problems of a job whose cause is looked for: each takes a few plans. */
const MOST_SUSPECTS = 50;

/**
 * A rule across keys blames one of them. Where a layer above that key's brought the problem about (a variant, a sweep, an
 * option of the command line, or the config over its topology), the problem gets the key of that layer as its cause: the one
 * without which the problem is gone. `rule`: asks the rules of a config.
 */
export function findCauses(
  input: ResolveInput,
  ruled: Ruled,
  rule: (resolved: Resolved) => Omit<Ruled, 'resolved'>,
): readonly Problem[] {
  const { problems } = ruled;
  const layers = layersOf(input);
  const ranks = ranksOf(layers);
  const without = keysWithout(input, ruled, rule);
  let looked = 0;
  return problems.map((problem) => {
    const shown = ranks.get(placeText(ruled.resolved.locateProblem(problem))) ?? 0;
    // A key that is not there is shown at the map that lacks it, which a layer may have for other reasons.
    const own = ruled.resolved.has(problem.path) ? shown : 1;
    if (own === layers.length || looked === MOST_SUSPECTS) return problem;
    looked += 1;
    const found = causeAbove(problem, own, layers, without);
    return found && (found.rank !== shown || own === shown) ? { ...problem, cause: found.place } : problem;
  });
}

/** What is wrong without some keys of a layer; undefined where the rest is no config that tells. */
type Without = (layer: number, leaves: readonly Leaf[]) => ReadonlySet<string> | undefined;

/** In the highest layer whose keys the problem needs; of these, the key nearest to the problem's. */
function causeAbove(
  problem: Problem,
  own: number,
  layers: readonly Layer[],
  without: Without,
): { readonly place: Leaf['place']; readonly rank: number } | undefined {
  for (let rank = layers.length; rank > own; rank -= 1) {
    const index = rank - 1;
    const leaves = leavesOf(layers[index]).toSorted(
      (a, b) => shared(b.path, problem.path) - shared(a.path, problem.path),
    );
    const isGone = (some: readonly Leaf[]) => without(index, some)?.has(keyOf(problem)) === false;
    // Of the config's own keys many cannot be left out; all that comes over it can.
    const one = () => leaves.find((leaf) => isGone([leaf]));
    const leaf =
      index === 0 ? one() : leaves.length > 0 && isGone(leaves) ? narrowed(leaves, isGone) : undefined;
    if (leaf) return { place: leaf.place, rank };
  }
  return undefined;
}

/** Halves keys until one is left without which the problem is gone; the first, where no half is enough. */
function narrowed(leaves: readonly Leaf[], isGone: (some: readonly Leaf[]) => boolean): Leaf | undefined {
  if (leaves.length < 2) return leaves[0];
  const middle = Math.ceil(leaves.length / 2);
  const half = [leaves.slice(0, middle), leaves.slice(middle)].find(isGone);
  return half ? narrowed(half, isGone) : leaves[0];
}

function keysWithout(
  input: ResolveInput,
  { resolved: { faults }, placed }: Ruled,
  rule: (resolved: Resolved) => Omit<Ruled, 'resolved'>,
): Without {
  const known = new Map<string, ReadonlySet<string> | undefined>();
  const found = (layer: number, leaves: readonly Leaf[]) => {
    const resolved = resolveJob(withoutLeaves(input, layer, leaves));
    if ('diagnostics' in resolved || resolved.job === undefined || resolved.faults > faults) return undefined;
    const other = rule(resolved);
    return other.placed || !placed ? new Set(other.problems.map(keyOf)) : undefined;
  };
  return (layer, leaves) => {
    const key = JSON.stringify([layer, leaves.map(({ path }) => pathText(path)).toSorted()]);
    if (!known.has(key)) known.set(key, found(layer, leaves));
    return known.get(key);
  };
}

/** The same problem says other numbers in another job. */
const keyOf = ({ severity, path, at }: Problem): string => `${severity} ${at ?? ''} ${pathText(path)}`;

function shared(one: ConfigPath, other: ConfigPath): number {
  const differs = one.findIndex((part, index) => part !== other[index]);
  return differs < 0 ? one.length : differs;
}
