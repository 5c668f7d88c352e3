import { fieldAt, jobField } from '../../config/schema/field.ts';
import type { ConfigPath } from '../../config/yaml/source-range.ts';
import type { Cluster } from '../cluster.ts';
import type { Findings, Place } from '../finding.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { apart } from '../tree.ts';

/** What the parts of an imported config are made from. */
export interface Context {
  readonly recipe: Recipe;
  /** What the cluster's srtslurm.yaml says. */
  readonly cluster: Cluster;
  readonly findings: Findings;
  /** What several parts of a recipe say of one thing. */
  readonly shared: Shared;
}

/** Settings that recipes have in the arguments and variables of single processes, and configs once for the job. */
export class Shared {
  readonly #given = new Map<string, { readonly value: string; readonly place: Place }>();
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Takes a setting for the whole job; one that another process has otherwise is told. */
  set(key: string, value: string, place: Place): void {
    const before = this.#given.get(key);
    if (before === undefined) this.#given.set(key, { value, place });
    else if (before.value !== value)
      this.#findings.lose(
        place,
        `is ${value}, but ${before.value} on line ${before.place.range.line}; dyn-slurm has one ${key} for the whole job`,
        `${before.value} is kept`,
      );
  }

  /** Its place keeps the comments of its neighbors where they are. */
  get(key: string): { readonly value: string; readonly place: Place } | undefined {
    const found = this.#given.get(key);
    return found && { value: found.value, place: apart(found.place) };
  }
}

/** Whether this release of dyn-slurm has a key of a config. */
export function hasKey(...path: ConfigPath): boolean {
  return fieldAt(jobField, path) !== undefined;
}
