import { Comments } from '../config/yaml/comments.ts';
import { emit } from '../config/yaml/emit.ts';
import { parseYaml } from '../config/yaml/parse.ts';
import type { ConfigMap } from '../config/yaml/tree.ts';
import { type Cluster, NO_CLUSTER, onCluster } from './cluster.ts';
import { submissionConfig } from './command/config.ts';
import { readSubmission, type Submission } from './command/submit.ts';
import { submitCommand } from './command/words.ts';
import { expand, type Variant } from './expand/variants.ts';
import { type Finding, Findings } from './finding.ts';
import { readRecipe } from './recipe/read.ts';
import { type FileKind, foreignKind, kindOf, namedEngine } from './recognize.ts';
import type { ImportedVariant } from './variant.ts';
import { writeConfig } from './write/config.ts';
import { type Document, documentsOf, nameOf } from './write/document.ts';

export interface ImportOptions {
  /** One of the file's variants, or a pattern with `*`; by default all but the base. */
  readonly selector?: string;
  readonly cluster?: Cluster;
  /** The commit of the checkout that the file lies in. */
  readonly commit?: string;
}

export interface Imported {
  readonly file: string;
  readonly kind: FileKind | 'command' | 'unreadable';
  readonly variants: readonly ImportedVariant[];
  /** What is written: one file, or several where the variants have too little in common. */
  readonly documents: readonly Document[];
  /** For a command line: what its words ask for, and its config; absent if it is refused. */
  readonly command?: { readonly submission: Submission; readonly config: ConfigMap };
  /** Findings about the file and all variants, each once. */
  readonly findings: readonly Finding[];
}

/**
 * Imports a command line of the scripts before srt-slurm, alone or in a script that sets its variables; undefined where the
 * text has none. `topologies`: the names of the published ones, which hold what the scripts' own files held.
 */
export function importCommand(
  file: string,
  text: string,
  topologies: readonly string[],
): Imported | undefined {
  const command = submitCommand(file, text);
  if (command === undefined) return undefined;
  const findings = new Findings();
  const submission = readSubmission(command, findings);
  const config = submission && submissionConfig(submission, topologies, findings);
  const found = { file, kind: 'command', variants: [], findings: findings.all } as const;
  if (submission === undefined || config === undefined || findings.refused)
    return { ...found, documents: [] };
  const written = `# Imported by dyn-slurm from ${file}\n\n${emit(config)}`;
  return { ...found, documents: [{ name: nameOf(config), text: written }], command: { submission, config } };
}

/** Files that hold no recipe, whether they can be read or not. */
const OTHERS: readonly string[] = ['script', 'kubernetes', 'compose'];

/** Imports a file of srt-slurm. Pure, and never throws for anything that the file holds. */
export function importFile(file: string, text: string, options: ImportOptions = {}): Imported {
  const parsed = parseYaml(file, text, 'foreign');
  const findings = new Findings();
  if (OTHERS.includes(foreignKind(text, parsed.root) ?? ''))
    return { file, kind: 'other', variants: [], documents: [], findings: [] };
  for (const diagnostic of parsed.diagnostics) findings.addDiagnostic(diagnostic);
  const none = { file, variants: [], documents: [], findings: findings.all };
  if (parsed.root === undefined || findings.refused)
    return { ...none, kind: 'unreadable', findings: findings.all };
  const kind = kindOf(parsed.root);
  if (kind === 'cluster' || kind === 'other') return { ...none, kind };
  const cluster = options.cluster ?? NO_CLUSTER;
  const { variants, base } = expand(parsed.root, options.selector, findings);
  if (findings.refused) return { ...none, kind, findings: findings.all };
  const imported = variants.map((variant) => importVariant(variant, cluster));
  const common = base && importVariant(base, cluster);
  const namedBase = parsed.root.entries.get('base')?.value;
  const documents = documentsOf(
    imported,
    common,
    { ...options, file, commentsOf: () => new Comments(text) },
    (namedBase?.kind === 'map' ? namedBase : parsed.root).entries.get('name'),
  );
  const all = new Map(
    [...findings.all, ...imported.flatMap((one) => one.findings)].map((one) => [JSON.stringify(one), one]),
  );
  const sorted = [...all.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  return { file, kind, variants: imported, documents, findings: sorted };
}

function importVariant({ selector, suffix, map }: Variant, cluster: Cluster): ImportedVariant {
  const findings = new Findings();
  const read = readRecipe(map, findings);
  const recipe = read && onCluster(read, cluster);
  const config = recipe && writeConfig(recipe, cluster, findings);
  const found = { selector, suffix, engine: recipe?.engine.name ?? namedEngine(map), findings: findings.all };
  return recipe === undefined || config === undefined || findings.refused
    ? found
    : { ...found, recipe, config };
}
