import type { Findings } from '../finding.ts';
import { apart, list, MapBuilder, scalar } from '../tree.ts';
import type { ShellWord } from './words.ts';

/** `type=vllm; isl=8192; osl=1024; concurrencies=16x2048; req-rate=inf`. */
export function benchmark({ text, place }: ShellWord, findings: Findings): MapBuilder {
  const keys = new Map(
    text.split(';').flatMap((part) => {
      const [, key, value] = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/s.exec(part) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value] as const];
    }),
  );
  const type = keys.get('type') ?? 'manual';
  const map = new MapBuilder(apart(place));
  if (type === 'manual') return map;
  const tool = { vllm: 'vllm', sglang: 'sglang', 'sa-bench': 'sglang' }[type];
  if (tool === undefined) {
    findings.lose(
      place,
      `the benchmark ${type} has no counterpart in dyn-slurm`,
      'run it with bench.type: custom',
    );
    return map;
  }
  map.set('type', tool);
  for (const key of ['isl', 'osl'] as const) {
    const number = Number(keys.get(key));
    if (Number.isInteger(number) && number > 0) map.set(key, number);
  }
  const concurrencies = keys.get('concurrencies')?.split('x').map(Number) ?? [];
  if (concurrencies.length > 0 && concurrencies.every((one) => Number.isInteger(one) && one > 0))
    map.set(
      'concurrencies',
      list(
        concurrencies.map((one) => scalar(one, place.range)),
        place.range,
      ),
    );
  const rate = keys.get('req-rate');
  if (rate !== undefined && rate !== 'inf' && Number(rate) > 0) map.set('request_rate', Number(rate));
  for (const key of keys.keys())
    if (!['type', 'isl', 'osl', 'concurrencies', 'req-rate'].includes(key))
      findings.lose(place, `${key} of the benchmark is not carried over`);
  return map;
}
