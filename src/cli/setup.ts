import { EXIT } from '../errors.ts';
import { setUpTools } from '../rehearsal/tools/set-up.ts';
import type { ToolsEvent, ToolsStep } from '../rehearsal/tools/step.ts';
import { findTools, toolsPlace } from '../rehearsal/tools/tools.ts';
import type { World } from './world.ts';

export interface SetupOptions {
  json?: boolean;
  /** Also what only the tests of dyn-slurm need. */
  withTests?: boolean;
}

const TITLES: Readonly<Record<ToolsStep, string>> = {
  python: 'Python',
  dynamo: 'Dynamo',
  servers: 'servers',
  check: 'check',
  shellcheck: 'tests',
};

/** `dyn-slurm setup`: installs what a rehearsal needs, unless it is there. */
export async function setup(options: SetupOptions, world: World): Promise<number> {
  const { withTests = false } = options;
  const { env, signal } = world;
  const place = toolsPlace(world);
  const found = findTools(place, { withTests }) !== undefined;
  const report = (event: ToolsEvent) => world.err.write(line(event));
  const tools = await setUpTools({ place, env, withTests, report, signal });
  if (options.json) world.out.write(`${JSON.stringify({ ...tools, installed: !found }, null, 2)}\n`);
  else world.out.write(`The tools of a rehearsal are ${found ? 'there' : 'installed'}: ${tools.folder}\n`);
  return EXIT.ok;
}

function line(event: ToolsEvent): string {
  if (event.kind === 'waiting') return `waiting for another set-up (${event.detail})\n`;
  const title = TITLES[event.step].padEnd(8);
  if (event.kind === 'started') return `${title} …\n`;
  return `${title} ${event.detail}  ${event.seconds.toFixed(1)} s\n`;
}
