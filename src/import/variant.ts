import type { ConfigMap } from '../config/yaml/tree.ts';
import type { Finding } from './finding.ts';
import type { Recipe } from './recipe/recipe.ts';

/** One recipe of a file, imported. */
export interface ImportedVariant {
  /** `override_mtp`, `zip_override_scale[1]`, `base`; undefined where the file is one recipe. */
  readonly selector: string | undefined;
  /** What it is called among the variants of its file: `mtp`, `scale_1`. */
  readonly suffix: string | undefined;
  /** The engine as the recipe names it; of a refused one, too. */
  readonly engine: string;
  /** Absent where it is refused. */
  readonly recipe?: Recipe;
  /** Its config by itself. Ranges and paths are those of the recipe. */
  readonly config?: ConfigMap;
  readonly findings: readonly Finding[];
}
