import { type Arg, argOfParts, nodeIp, type Placeholder } from '../../argument.ts';
import type { BenchSpec } from './spec.ts';

type Parts = readonly (string | Placeholder)[];

const partsOf = (word: Arg): Parts => (typeof word === 'string' ? [word] : word);

/**
 * A text of the config with its placeholders filled in: `{url}` and the like. `${url}` and words that are none stay as they are,
 * and `{{url}}` is `{url}` itself.
 */
export function filled(text: string, spec: BenchSpec, results: Arg): Arg {
  const known = placeholders(spec, results);
  const parts = text.split(/((?<![${])\{[a-z_]+\}(?!\})|\{\{[a-z_]+\}\})/).flatMap((part): Parts => {
    const inner = part.startsWith('{{') ? part.slice(1, -1) : part;
    if (inner !== part && known.has(inner)) return [inner];
    return known.get(part) ?? (part === '' ? [] : [part]);
  });
  return argOfParts(parts);
}

/** What a command can be told of its service and its load, by the words that stand for it. */
function placeholders(spec: BenchSpec, results: Arg): ReadonlyMap<string, Parts> {
  const { config, url, modelPath, service, workers } = spec;
  const [, host = '', , port = ''] = partsOf(url);
  const { isl, osl, concurrencies = [] } = config;
  const values: readonly (readonly [string, Parts | undefined])[] = [
    ['url', partsOf(url)],
    ['host', [host]],
    ['port', [port]],
    ['model', [service.model]],
    ['model_path', [modelPath]],
    ['results', partsOf(results)],
    ['isl', isl === undefined ? undefined : [String(isl)]],
    ['osl', osl === undefined ? undefined : [String(osl)]],
    ['concurrency', concurrencies.length === 1 ? [String(concurrencies[0])] : undefined],
    ['concurrencies', concurrencies.length > 0 ? [concurrencies.join('x')] : undefined],
    [
      'metrics_urls',
      listed(workers.map(({ node, port: own }) => ['http://', nodeIp(node), ':', own, '/metrics'])),
    ],
    ...[...new Set(workers.map(({ role }) => role))].flatMap((role) => {
      const own = workers.filter((worker) => worker.role === role);
      return [
        [`${role}_ips`, listed(own.map(({ node }) => [nodeIp(node)]))],
        [`${role}_endpoints`, listed(own.map((worker) => [nodeIp(worker.node), ':', worker.port]))],
      ] as const;
    }),
  ];
  return new Map(
    values.flatMap(([name, parts]) => (parts === undefined ? [] : [[`{${name}}`, parts] as const])),
  );
}

const listed = (items: readonly Parts[]): Parts =>
  items.flatMap((item, index) => (index === 0 ? item : [',', ...item]));
