import { count } from '../../../config/text/plural.ts';
import { mergeDiagnostics } from '../../../config/yaml/locate.ts';
import { parseYaml } from '../../../config/yaml/parse.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import { checkVariant, type Verdict } from '../../../import/check/check.ts';
import { checkSubmission } from '../../../import/check/submission.ts';
import { type Cluster, NO_CLUSTER, readCluster } from '../../../import/cluster.ts';
import { type Imported, importCommand, importFile } from '../../../import/import.ts';
import { FOREIGN, foreignKind } from '../../../import/recognize.ts';
import { printDiagnostics, readConfig, readTopology, topologyNames } from '../../runs/config/load.ts';
import { jsonText } from '../../sink.ts';
import type { World } from '../../world.ts';
import { commitOf } from './checkout.ts';
import { write } from './files.ts';
import { type Source, sourcesOf } from './sources.ts';
import { findingText, outcomeText, verdictText } from './text.ts';

export interface ImportOptions {
  readonly out?: string;
  readonly force?: boolean;
  readonly check?: boolean;
  readonly select?: string;
  readonly profile?: string;
  readonly json?: boolean;
}

/** What became of one file. */
interface Outcome {
  readonly imported: Imported;
  readonly verdicts: readonly { readonly selector: string | undefined; readonly verdict: Verdict }[];
  /** Paths of the configs that were written. */
  readonly written: readonly string[];
}

/**
 * Imports recipes: one to standard output, several to a folder. Exit 3 where one cannot be imported or, with --check, has no
 * plan or another one than it says.
 */
export async function importRecipes(
  given: readonly string[],
  options: ImportOptions,
  world: World,
): Promise<number> {
  const sources = await sourcesOf(given, world);
  const cluster = await clusterOf(options.profile, world);
  const topologies = await topologyNames(world);
  const names = new Set<string>();
  const outcomes: Outcome[] = [];
  for (const source of sources) {
    const imported = await importSource(source, { options, cluster, topologies }, world);
    const verdicts = options.check ? await check(imported, source, topologies, world) : [];
    const written = options.out === undefined ? [] : await write(imported, source, options, names, world);
    const outcome = { imported, verdicts, written };
    outcomes.push(outcome);
    if (!options.json) print(outcome, source, sources.length > 1, world);
  }
  const documents = outcomes.flatMap(({ imported }) => imported.documents);
  if (options.json) world.out.write(jsonText({ ok: outcomes.every(isGood), files: outcomes.map(dataOf) }));
  else if (options.out === undefined && !options.check) {
    const [only, ...more] = documents;
    if (more.length > 0)
      throw new DynSlurmError('usage', `these are ${count(documents.length, 'config')}`, {
        hint: 'name a folder for them with --out, or one variant with --select',
      });
    if (only) world.out.write(only.text);
  }
  if (!options.json && sources.length > 1) world.err.write(summary(outcomes, options));
  const [only, ...more] = outcomes;
  const isRecipe = more.length > 0 || (only?.imported.documents.length ?? 0) > 0;
  return isRecipe && outcomes.every(isGood) ? EXIT.ok : EXIT.config;
}

async function clusterOf(profile: string | undefined, world: World): Promise<Cluster> {
  if (profile === undefined) return NO_CLUSTER;
  const { file, text } = await readConfig(profile, world);
  const { cluster, findings } = readCluster(file, text);
  const refused = findings.find(({ kind }) => kind === 'refused');
  if (refused)
    throw new DynSlurmError('config', `${file}:${refused.line}:${refused.column}  ${refused.message}`, {
      ...(refused.hint && { hint: refused.hint }),
    });
  for (const finding of findings.filter(({ kind }) => kind === 'lost')) world.err.write(findingText(finding));
  return cluster;
}

async function importSource(
  source: Source,
  around: {
    readonly options: ImportOptions;
    readonly cluster: Cluster;
    readonly topologies: readonly string[];
  },
  world: World,
): Promise<Imported> {
  const { file, text } = source;
  if (!/\.ya?ml$/.test(file)) {
    const command = importCommand(file, text, around.topologies);
    if (command !== undefined) return command;
  }
  const selector = source.selector ?? around.options.select;
  const commit = file === '<stdin>' ? undefined : await commitOf(file, world);
  return importFile(file, text, {
    cluster: around.cluster,
    ...(selector !== undefined && { selector }),
    ...(commit !== undefined && { commit }),
  });
}

async function check(
  { variants, command }: Imported,
  source: Source,
  topologies: readonly string[],
  world: World,
): Promise<Outcome['verdicts']> {
  if (command === undefined)
    return variants.map((variant) => ({
      selector: variant.selector,
      verdict: checkVariant(variant, source.file, source.text),
    }));
  const named = command.config.entries.get('topology')?.value;
  const topology = named?.kind === 'scalar' ? String(named.value) : undefined;
  const verdict = checkSubmission(command, source.file, await readTopology(topology, topologies, world));
  return [{ selector: undefined, verdict }];
}

function print(
  { imported, verdicts, written }: Outcome,
  source: Source,
  several: boolean,
  world: World,
): void {
  // Of many files, notes would hide what matters.
  const told = imported.findings.filter(({ kind }) => !several || kind === 'refused' || kind === 'lost');
  for (const finding of told) world.err.write(findingText(finding));
  const quiet = !several && imported.documents.length > 0 && written.length === 0;
  const kind =
    imported.kind === 'other'
      ? foreignKind(source.text, parseYaml(source.file, source.text).root)
      : undefined;
  if (!quiet)
    world.err.write(outcomeText(imported, written, kind && `${FOREIGN[kind].what}, no recipe of srt-slurm`));
  const seen = imported.findings.some(({ kind }) => kind === 'refused');
  const refused = verdicts.map(({ selector = '', verdict }) => ({
    label: selector,
    diagnostics: verdict.outcome === 'refused' && !seen ? verdict.diagnostics : [],
  }));
  printDiagnostics({ diagnostics: mergeDiagnostics(refused, [source.file]), sources: [source] }, world);
  for (const { selector, verdict } of verdicts) world.err.write(verdictText(imported, selector, verdict));
}

function isGood({ imported, verdicts }: Outcome): boolean {
  if (imported.kind === 'cluster' || imported.kind === 'other') return imported.findings.length === 0;
  const refused = imported.findings.some(({ kind }) => kind === 'refused');
  return (
    !refused &&
    imported.documents.length > 0 &&
    verdicts.every(({ verdict }) => verdict.outcome === 'agrees' || verdict.outcome === 'unplanned')
  );
}

function summary(outcomes: readonly Outcome[], { check }: ImportOptions): string {
  const recipes = outcomes.filter(({ imported }) => imported.kind !== 'other' && imported.kind !== 'cluster');
  const imported = recipes.filter(({ imported: one }) => one.documents.length > 0);
  const others = outcomes.length - recipes.length;
  const first = `${imported.length} of ${count(recipes.length, 'file')} imported${others > 0 ? `, ${others} are no recipes` : ''}`;
  if (!check) return `${first}\n`;
  const verdicts = outcomes.flatMap(({ verdicts: one }) => one.map(({ verdict }) => verdict.outcome));
  const number = (outcome: Verdict['outcome']) => verdicts.filter((one) => one === outcome).length;
  return `${first}; of ${count(verdicts.length, 'variant')} ${number('agrees')} agree, ${number('differs')} differ, ${number('unplanned')} are not planned yet, ${number('refused')} are refused\n`;
}

function dataOf({ imported, verdicts, written }: Outcome) {
  const { file, kind, documents, findings, variants } = imported;
  return {
    file,
    kind,
    configs: documents.map(({ name, text }, index) => ({
      name,
      text,
      ...(written[index] && { path: written[index] }),
    })),
    variants: variants.map(({ selector, engine, recipe, config }) => ({
      ...(selector !== undefined && { selector }),
      engine,
      ...(recipe && { frontend: recipe.frontend.type }),
      imported: config !== undefined,
    })),
    findings,
    ...(verdicts.length > 0 && {
      checks: verdicts.map(({ selector, verdict }) => ({
        ...(selector !== undefined && { selector }),
        ...verdict,
      })),
    }),
  };
}
