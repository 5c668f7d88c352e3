import { spelled } from '../keys.ts';
import type { RecipeBench } from '../recipe/recipe.ts';
import { apart, MapBuilder } from '../tree.ts';
import { loseRest, writePlaces } from './bench-places.ts';
import type { Context } from './context.ts';
import { writeEnvironment } from './environment.ts';

export function custom(bench: RecipeBench, context: Context): MapBuilder | undefined {
  const { findings, recipe } = context;
  if (bench.command === undefined) {
    findings.lose(bench.type.entry, 'a custom benchmark needs a command, and the recipe has none');
    return undefined;
  }
  const { value, entry } = bench.command;
  const map = new MapBuilder(bench.place).set('type', 'custom', bench.type.entry);
  map.set('command', `${shim(value)}${value}`, entry);
  const foreign = new Set(value.match(/\bSRT_(?!FRONTEND_(?:HOST|PORT)\b)\w+|\bSRTCTL_\w+/g));
  for (const name of foreign)
    findings.lose(
      entry,
      `the command reads ${name}, which srt-slurm sets and dyn-slurm does not`,
      'DYN_SLURM_URL, DYN_SLURM_MODEL and DYN_SLURM_RESULTS are there',
    );
  const own = (path: string) =>
    recipe.mounts.some(({ value: mount }) => path.startsWith(mount.split(':')[1] ?? '/?'));
  for (const path of new Set(
    value.match(
      /(?<![\w.$}/-])\/(?:infmax-workspace|configs|logs|model|srtctl-benchmarks)(?=[/\s"']|$)[\w./-]*/g,
    ),
  ))
    if (!own(path))
      findings.site(
        entry,
        `the command uses ${path}, which srt-slurm or its site mounts`,
        'mount it with container.mounts, or write another path',
      );
  if (
    /localhost:8000|127\.0\.0\.1:8000/.test(value) ||
    bench.env.some(({ value: one }) => one.kind === 'scalar' && /localhost:8000/.test(spelled(one)))
  )
    findings.note(
      entry,
      'the benchmark asks port 8000 of its own node',
      '$DYN_SLURM_URL is where the service is',
    );
  writePlaces(map, bench, context);
  map.add('env', writeEnvironment(bench.env, context), apart(bench.env[0] ?? bench.place));
  for (const one of [
    bench.isl,
    bench.osl,
    bench.concurrencies,
    bench.rate,
    bench.chatTemplate,
    bench.tokenizer,
    bench.rangeRatio,
    bench.prompts,
    bench.warmup,
    bench.dataset,
    bench.datasetPath,
  ])
    if (one) findings.note(one.entry, 'has no effect on a custom benchmark');
  loseRest(bench, context, []);
  return map;
}

/** What srt-slurm tells a command of the service, where the command asks. */
function shim(command: string): string {
  return /\bSRT_FRONTEND_(HOST|PORT)\b/.test(command)
    ? 'export SRT_FRONTEND_PORT="${DYN_SLURM_URL##*:}" SRT_FRONTEND_HOST="${DYN_SLURM_URL#*://}"; SRT_FRONTEND_HOST="${SRT_FRONTEND_HOST%:*}"\n'
    : '';
}
