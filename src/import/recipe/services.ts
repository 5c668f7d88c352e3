import type { ConfigEntry } from '../../config/yaml/tree.ts';
import type { Findings, Place } from '../finding.ts';
import { type Found, isNull, Keys, whatIs } from '../keys.ts';
import type { Recipe, RecipeMooncake } from './recipe.ts';

/** What the services of schema 2, or `infra` and `backend.mooncake_kv_store` of schema 1, ask for. */
export interface Services {
  readonly infra: Recipe['infra'];
  readonly mooncake: RecipeMooncake | undefined;
}

const OBSERVERS = /exporter$|^(tachometer|otel|dashboard|prometheus|grafana)/;

/** A service with nodes of its own changes the job, so it refuses the recipe; another one is told and left out. */
export function readServices(root: Keys, backend: Keys, findings: Findings): Services {
  const infra = root.section('infra');
  let dedicated = infra.flag('etcd_nats_dedicated_node');
  let natsPayload = infra.count('nats_max_payload_mb');
  infra.finish();
  let mooncake = mooncakeOf(backend);
  const entry = root.take('services');
  const items = entry?.value.kind === 'list' ? entry.value.items : [];
  if (entry !== undefined && entry.value.kind !== 'list' && !isNull(entry.value))
    findings.refuse(entry, `must be a list of services, not ${whatIs(entry.value)}`);
  for (const [index, item] of items.entries()) {
    const place: Place = { range: item.range, path: [...(entry?.path ?? []), index] };
    if (item.kind !== 'map') {
      findings.refuse(place, 'must be a map: a service');
      continue;
    }
    const keys = new Keys(place, item, findings);
    const name = keys.text('name');
    const type = keys.text('type')?.value ?? 'generic';
    const placement = keys.section('placement');
    const node = placement.text('node');
    if (keys.flag('enabled')?.value === false) continue;
    const external = keys.take('external');
    if (external !== undefined) {
      findings.refuse(
        external,
        `a ${type} that runs elsewhere cannot be used`,
        'remove it: dyn-slurm starts its own',
      );
      continue;
    }
    if (type === 'etcd' || type === 'nats') {
      const options = keys.section('options');
      natsPayload = options.count('max_payload_mb') ?? natsPayload;
      options.finish();
      if (node?.value === 'dedicated') dedicated = { value: true, entry: node.entry };
      else if (node && node.value !== 'head' && node.value !== 'infra')
        findings.lose(node.entry, `${type} runs on the first node, not on ${node.value}`);
      keys.lose(['container', 'source'], `${type} comes from the image of the job`);
      placement.finish();
      keys.finish();
    } else if (type === 'mooncake-master') {
      if (node?.value === 'dedicated') dedicated = { value: true, entry: node.entry };
      mooncake = mooncakeService(keys, place);
      placement.finish();
      keys.finish();
    } else if (OBSERVERS.test(type)) {
      findings.note(
        place,
        `${type} is not started: dyn-slurm samples metrics by itself`,
        'see observe.metrics and observe.gpu_log',
      );
    } else {
      otherService(keys, { place, label: name?.value ?? type, node }, findings);
    }
  }
  return { infra: { dedicated, natsPayload }, mooncake };
}

function otherService(
  keys: Keys,
  {
    place,
    label,
    node,
  }: { readonly place: Place; readonly label: string; readonly node: Found<string> | undefined },
  findings: Findings,
): void {
  const nodes = keys.take('nodes');
  const quoted = JSON.stringify(label);
  const why = 'dyn-slurm runs no services besides its own';
  if (nodes !== undefined) findings.refuse(nodes, `the service ${quoted} has nodes of its own, but ${why}`);
  else if (node?.value === 'dedicated')
    findings.refuse(node.entry, `the service ${quoted} has a node of its own, but ${why}`);
  else if (keys.flag('terminal')?.value)
    findings.refuse(
      place,
      `the job ends with the service ${quoted}, but ${why}`,
      'run it as a benchmark of type custom',
    );
  else
    findings.lose(
      place,
      `the service ${quoted} is not started: ${why}`,
      'start it in setup, or beside the job',
    );
}

function mooncakeOf(backend: Keys): RecipeMooncake | undefined {
  const keys = backend.section('mooncake_kv_store');
  if (keys.map === undefined) return undefined;
  const found: RecipeMooncake = {
    place: keys.place,
    env: keys.entries('env'),
    args: keys.take('master_extra_args'),
    store: keys.take('store_config'),
    container: keys.text('container'),
  };
  keys.finish();
  return found;
}

function mooncakeService(keys: Keys, place: Place): RecipeMooncake {
  const options = keys.section('options');
  const store: ConfigEntry | undefined = options.take('store_config');
  options.finish();
  keys.lose(
    ['env'],
    'the variables of the Mooncake master itself cannot be set',
    'infra.mooncake.env is for the workers',
  );
  return {
    place,
    env: [],
    args: keys.take('args'),
    store,
    container: keys.text('container'),
  };
}
