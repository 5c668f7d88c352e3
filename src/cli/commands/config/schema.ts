import { jsonSchema } from '../../../config/docs/json-schema.ts';
import { EXIT } from '../../../errors.ts';
import { jsonText } from '../../sink.ts';
import type { World } from '../../world.ts';

/** Prints the JSON Schema that editors complete and check configs with. */
export async function schema(_options: object, world: World): Promise<number> {
  world.out.write(jsonText(jsonSchema()));
  return EXIT.ok;
}
