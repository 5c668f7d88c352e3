import { spelled } from '../keys.ts';
import type { RecipeBench } from '../recipe/recipe.ts';
import { apart, MapBuilder } from '../tree.ts';
import { loseRest, writePlaces } from './bench-places.ts';
import type { Context } from './context.ts';
import { writeClientEnvironment } from './environment.ts';

export function custom(bench: RecipeBench, context: Context): MapBuilder | undefined {
  const { findings, recipe } = context;
  if (bench.command === undefined) {
    findings.lose(bench.type.entry, 'a custom benchmark needs a command, and the recipe has none');
    return undefined;
  }
  const { value, entry } = bench.command;
  const map = new MapBuilder(bench.place).set('type', 'custom', bench.type.entry);
  map.set('command', verbatim(value), entry);
  const given = variables(bench, context);
  const foreign = new Set(value.match(/\b(?:SRT|SRTCTL)_\w+/g)?.filter((name) => !given.has(name)));
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
  const env = writeClientEnvironment(bench.env, context);
  // A script asks for what its text alone would show.
  const scripted = /\.(sh|py)\b/.test(value);
  for (const [name, text] of given) if (scripted || value.includes(name)) env.set(name, text, entry);
  map.add('env', env, apart(bench.env[0] ?? bench.place));
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

/** srt-slurm fills nothing in. */
const verbatim = (command: string): string =>
  command.replaceAll(
    /(?<![${])\{(url|host|port|model|model_path|results|isl|osl|concurrency|concurrencies|metrics_urls|[a-z]+_(?:ips|endpoints))\}(?!\})/g,
    '{{$1}}',
  );

/** What srt-slurm tells a command of the service, which placeholders of dyn-slurm's are; the recipe's own values win. */
function variables(bench: RecipeBench, { recipe }: Context): ReadonlyMap<string, string> {
  const own = new Set([...bench.env, ...recipe.environment].map(({ path }) => String(path.at(-1))));
  const roles = recipe.roles.flatMap(({ role }) => {
    const name = role === 'aggregated' ? 'AGG' : role.toUpperCase();
    return [
      [`SRT_${name}_IPS`, `{${role}_ips}`],
      [`SRT_${name}_ENDPOINTS`, `{${role}_endpoints}`],
    ] as const;
  });
  const all = [
    ['SRT_FRONTEND_HOST', '{host}'],
    ['SRT_FRONTEND_PORT', '{port}'],
    ...roles,
    ['AIPERF_SERVER_METRICS_URLS', '{metrics_urls}'],
  ] as const;
  return new Map(all.filter(([name]) => !own.has(name)));
}
