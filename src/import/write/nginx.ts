import { MapBuilder } from '../tree.ts';
import type { Context } from './context.ts';
import { imageName } from './model.ts';

/** What nginx before several frontends is told. */
export function writeNginx(map: MapBuilder, context: Context): void {
  const { recipe, findings } = context;
  const { frontend } = recipe;
  const { affinity, nginx, count } = frontend;
  if (affinity) {
    if (count === 1) findings.note(affinity.place, 'has no effect with one frontend');
    else if (affinity.header === 'X-Dynamo-Session-ID') map.set('session_affinity', true, affinity.place);
    else
      map.set(
        'session_affinity',
        new MapBuilder(affinity.place).set('header', affinity.header).build(),
        affinity.place,
      );
  }
  if (nginx === undefined) return;
  if (count === 1) findings.note(nginx.entry, 'has no effect with one frontend');
  else
    map.set(
      'nginx',
      new MapBuilder(nginx.entry).set('image', imageName(nginx, context), nginx.entry).build(),
      nginx.entry,
    );
}
