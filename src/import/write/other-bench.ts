import { spelled } from '../keys.ts';
import type { RecipeBench } from '../recipe/recipe.ts';
import { apart, list, MapBuilder, scalar } from '../tree.ts';
import { loseRest, writePlaces } from './bench-places.ts';
import type { Context } from './context.ts';
import { writeClientEnvironment } from './environment.ts';

/** aiperf with a trace of Mooncake's form. */
export function trace(bench: RecipeBench, context: Context): MapBuilder | undefined {
  const { findings } = context;
  const more = new Map(bench.more.map((entry) => [String(entry.path.at(-1)), entry]));
  const file = more.get('trace_file');
  if (file?.value.kind !== 'scalar' || !bench.concurrencies) {
    findings.lose(bench.type.entry, 'a trace replay needs trace_file and concurrencies');
    loseRest(bench, context, []);
    return undefined;
  }
  const map = new MapBuilder(bench.place).set('type', 'trace', bench.type.entry);
  const range = bench.concurrencies.entry.value.range;
  map.set(
    'concurrencies',
    list(
      bench.concurrencies.value.map((one) => scalar(one, range)),
      range,
    ),
    bench.concurrencies.entry,
  );
  map.set('trace', spelled(file.value), file);
  const threshold = (key: string, usual: number) => {
    const value = more.get(key)?.value;
    return value?.kind === 'scalar' ? spelled(value) : String(usual);
  };
  const slo = new MapBuilder(bench.place)
    .set('ttft', `${threshold('ttft_threshold_ms', 2000)}ms`)
    .set('itl', `${threshold('itl_threshold_ms', 25)}ms`);
  map.set('slo', slo.build(), bench.type.entry);
  const args = new MapBuilder(bench.place).set('random-seed', 42);
  map.add('args', args);
  writePlaces(map, bench, context);
  map.add('env', writeClientEnvironment(bench.env, context), apart(bench.env[0] ?? bench.place));
  loseRest(bench, context, ['trace_file', 'ttft_threshold_ms', 'itl_threshold_ms']);
  return map;
}
