import type { Place } from '../finding.ts';
import type { Found } from '../keys.ts';
import { isNull, spelled } from '../keys.ts';
import { list, MapBuilder, scalar } from '../tree.ts';
import { argumentsOf, writeArguments } from './arguments.ts';
import { type Context, hasKey } from './context.ts';
import { writeEnvironment } from './environment.ts';
import { modern } from './values.ts';

/** NATS takes no larger messages. */
const MOST_PAYLOAD = 64;

/** `infra`. */
export function writeInfra(context: Context): MapBuilder {
  const { recipe, findings, shared } = context;
  const { dedicated, natsPayload } = recipe.infra;
  const map = new MapBuilder(dedicated?.entry ?? natsPayload?.entry ?? recipe.place);
  // With nginx before several frontends, nginx is on the node of its own.
  const { dedicated: alone, count } = recipe.frontend;
  const both = alone !== undefined && dedicated?.value === true;
  if (both && count > 1 && !recipe.oneApart)
    findings.refuse(
      alone.entry,
      'nginx and etcd cannot have a node of their own each',
      'remove colocate_with_frontend: false, or one of the two',
    );
  if ((alone && count > 1) || (dedicated?.value && !(alone && recipe.oneApart)))
    map.set('dedicated_node', true, (alone ?? dedicated)?.entry);
  if (both && recipe.oneApart) {
    findings.note(dedicated.entry, 'is one node with that of frontend.dedicated_node, as in srt-slurm');
    findings.note(alone.entry, 'is one node with that of infra.etcd_nats_dedicated_node, as in srt-slurm');
  }
  if (recipe.frontend.type === 'dynamo') {
    if (natsPayload && natsPayload.value > MOST_PAYLOAD)
      findings.lose(natsPayload.entry, `NATS takes messages of at most ${MOST_PAYLOAD} MB`);
    else if (natsPayload && natsPayload.value > 1)
      map.set('nats_max_payload', natsPayload.value, natsPayload.entry);
    writePlane(map, 'request_plane', recipe.dynamo.requestPlane, 'tcp', context);
    writePlane(map, 'event_plane', recipe.dynamo.eventPlane, undefined, context);
    const lease = shared.get('infra.etcd.lease_ttl');
    if (lease)
      map.set(
        'etcd',
        new MapBuilder(lease.place).set('lease_ttl', lease.value, lease.place).build(),
        lease.place,
      );
  } else if (natsPayload) findings.note(natsPayload.entry, 'has no effect: without Dynamo there is no NATS');
  writeMooncake(map, context);
  return map;
}

function writePlane(
  map: MapBuilder,
  key: 'request_plane' | 'event_plane',
  given: Found<string> | undefined,
  usual: string | undefined,
  { shared, findings }: Context,
): void {
  if (given) shared.set(`infra.${key}`, given.value, given.entry);
  const plane = shared.get(`infra.${key}`);
  if (plane === undefined || plane.value === usual) return;
  const known = key === 'request_plane' ? ['tcp', 'nats'] : ['nats', 'zmq'];
  if (known.includes(plane.value)) map.set(key, plane.value, plane.place);
  else
    findings.refuse(
      plane.place,
      `${JSON.stringify(plane.value)} is not a plane that dyn-slurm has`,
      `write ${known.join(' or ')}`,
    );
}

function writeMooncake(map: MapBuilder, context: Context): void {
  const { recipe, findings } = context;
  const { mooncake } = recipe;
  if (mooncake === undefined) return;
  if (!hasKey('infra', 'mooncake')) {
    findings.refuse(
      mooncake.place,
      'asks for a Mooncake store, which this release of dyn-slurm does not start',
    );
    return;
  }
  const own = new MapBuilder(mooncake.place);
  if (mooncake.container)
    findings.lose(mooncake.container.entry, 'the Mooncake master comes from the image of the job');
  own.add(
    'env',
    writeEnvironment(mooncake.env, { ...context, recipe: { ...recipe, environment: [] } }),
    mooncake.env[0],
  );
  const { args, store } = mooncake;
  if (args?.value.kind === 'map') {
    const inner = new MapBuilder(args);
    writeArguments(inner, argumentsOf([...args.value.entries.values()], context), context, undefined);
    own.add('args', inner, args);
  } else if (args && !isNull(args.value)) {
    const items = args.value.kind === 'list' ? args.value.items : [args.value];
    const words = items
      .flatMap((item) => (item.kind === 'scalar' ? spelled(item).split(/\s+/) : []))
      .filter(Boolean);
    if (hasKey('infra', 'mooncake', 'flags'))
      own.set(
        'flags',
        list(
          words.map((word) => scalar(word, args.range)),
          args.range,
        ),
        args,
      );
    else own.add('args', wordsAsArguments(words, args), args);
  }
  if (store && !isNull(store.value)) own.set('store', modern(store.value), store);
  map.set('mooncake', own.build(), mooncake.place);
}

/** `--a=b --c d --e` as arguments. */
function wordsAsArguments(words: readonly string[], place: Place): MapBuilder {
  const map = new MapBuilder(place);
  for (const [index, word] of words.entries()) {
    const [, name, inline] = /^--?([\w-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) continue;
    const next = words[index + 1];
    map.set(name, inline ?? (next !== undefined && !next.startsWith('-') ? next : true));
  }
  return map;
}
