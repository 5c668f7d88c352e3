import type { ConfigMap } from '../../config/yaml/tree.ts';
import type { Cluster } from '../cluster.ts';
import type { Findings } from '../finding.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { apart, list, MapBuilder, scalar } from '../tree.ts';
import { writeBench } from './bench.ts';
import { type Context, hasKey, Shared } from './context.ts';
import { isRenamed, writeDynamo, writeEngine } from './dynamo.ts';
import { writeFrontend } from './frontend.ts';
import { writeInfra } from './infra.ts';
import { jobName } from './job-name.ts';
import { gpuName, writeContainer, writeModel } from './model.ts';
import { checkPacking, writeRole } from './role.ts';
import { writeSlurm } from './slurm.ts';
import { timeText } from './time.ts';

/** A recipe as a config. What it cannot have is told. */
export function writeConfig(recipe: Recipe, cluster: Cluster, findings: Findings): ConfigMap {
  const context: Context = { recipe, cluster, findings, shared: new Shared(findings) };
  const root = new MapBuilder(recipe.place);
  const roles = recipe.roles.map((role) => [role, writeRole(role, context)] as const);
  checkPacking(context);
  const frontend = writeFrontend(context);
  const bench = writeBench(context);
  root.set('name', jobName(context), recipe.name.entry);
  const built = [...roles.map(([{ role }, map]) => [role, map] as const), ['frontend', frontend] as const];
  writeEngine(
    root,
    context,
    built.some(([owner, map]) => isRenamed(owner, map.build(), context)),
  );
  root.set('gpu', gpuName(context), recipe.gpu?.entry ?? recipe.gpusPerNode.place);
  writeModel(root, context);
  writeContainer(root, context);
  root.add('slurm', writeSlurm(context), apart(recipe.slurm.time?.entry ?? recipe.place));
  for (const [role, map] of roles) root.set(role.role, map.build(), role.heading);
  root.add('frontend', frontend, recipe.frontend.place);
  root.add('infra', writeInfra(context), apart(recipe.infra.dedicated?.entry ?? recipe.place));
  tellShared(context);
  root.add('dynamo', writeDynamo(context), recipe.dynamo.place);
  writeHealth(root, context);
  writeProfiling(root, context);
  writeSetup(context);
  if (bench) root.set('bench', bench.build(), recipe.bench?.place);
  return root.build();
}

/** What some workers have in their arguments, and all of them get. */
function tellShared({ recipe, shared, findings }: Context): void {
  for (const [name, key] of [
    ['dyn-tool-call-parser', 'dynamo.tool_call_parser'],
    ['dyn-reasoning-parser', 'dynamo.reasoning_parser'],
    ['custom-jinja-template', 'dynamo.custom_jinja_template'],
    ['use-sglang-tokenizer', 'dynamo.sglang_tokenizer'],
  ] as const) {
    const has = recipe.roles.filter(({ args }) =>
      args.some(({ path }) => String(path.at(-1)).replaceAll('_', '-') === name),
    );
    const place = shared.get(key)?.place;
    if (place && has.length < recipe.roles.length)
      findings.note(place, `--${name} goes to all workers, by ${key}`);
  }
}

/** dyn-slurm's own deadline is 2 h. */
function writeHealth(root: MapBuilder, { recipe: { deadline } }: Context): void {
  if (deadline === undefined || deadline.value === 7200 || deadline.value <= 0) return;
  const seconds = Math.round(deadline.value);
  root.set(
    'health',
    new MapBuilder(deadline.entry).set('deadline', timeText(seconds), deadline.entry).build(),
    apart(deadline.entry),
  );
}

function writeProfiling(root: MapBuilder, { recipe, findings }: Context): void {
  const { profiling, roles, engine } = recipe;
  if (profiling === undefined || !/^nsys/.test(profiling.type.value)) return;
  const { entry } = profiling.type;
  if (engine.name === 'trtllm') {
    findings.lose(
      entry,
      'workers of TensorRT-LLM are not profiled: nsys cannot be put before their MPI launcher',
    );
    return;
  }
  const names = roles.map(({ role }) => scalar(role, entry.range));
  const map = new MapBuilder(entry).set('roles', list(names, entry.range), entry);
  const [first] = profiling.words;
  if (first)
    map.set(
      'flags',
      list(
        profiling.words.map(({ value }) => scalar(value, first.entry.range)),
        first.entry.range,
      ),
      first.entry,
    );
  root.set('profile', map.build(), apart(entry));
}

/** The script belongs to srt-slurm's checkout. */
function writeSetup({ recipe: { setup }, findings }: Context): void {
  if (setup === undefined) return;
  findings.lose(
    setup.entry,
    `${setup.value} is a script of srt-slurm's folder configs/, which the recipe does not hold`,
    hasKey('setup')
      ? 'copy the script, and name it under setup: {script: FILE}'
      : 'use an image in which it has run already',
  );
}
