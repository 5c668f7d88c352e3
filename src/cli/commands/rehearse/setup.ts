import { EXIT } from '../../../errors.ts';
import { TOOLS_STEPS, type ToolsEvent, type ToolsStep } from '../../../rehearsal/tools/build.ts';
import { setUpTools } from '../../../rehearsal/tools/set-up.ts';
import { findTools, type Tools, type ToolsPlace, toolsPlace } from '../../../rehearsal/tools/tools.ts';
import { jsonText } from '../../sink.ts';
import { screenOf } from '../../views/screen.ts';
import type { World } from '../../world.ts';
import { openChecklist } from './checklist.ts';
import { type EngineOptions, refuseWithoutEngine, setupEngine } from './setup-engine.ts';

export interface SetupOptions extends EngineOptions {
  /** Also what only the tests of dyn-slurm need. */
  readonly withTests?: boolean;
}

const TITLES: Readonly<Record<ToolsStep, string>> = {
  python: 'Python',
  dynamo: 'Dynamo',
  servers: 'etcd, NATS, nginx',
  check: 'check',
  shellcheck: 'shellcheck',
};

/** `dyn-slurm setup`: installs what a rehearsal needs, or an engine, unless it is there. */
export async function setup(options: SetupOptions, world: World): Promise<number> {
  if (options.engine !== undefined) return setupEngine(options.engine, options, world);
  refuseWithoutEngine(options);
  const place = toolsPlace(world);
  const found = findTools(place, options);
  const tools = found ?? (await install(place, options, world));
  const installed = found === undefined;
  if (options.json) world.out.write(jsonText({ ...tools, installed }));
  else
    world.out.write(
      `the tools of rehearsals are ${installed ? 'installed' : 'already installed'}: ${tools.folder}\n`,
    );
  return EXIT.ok;
}

async function install(place: ToolsPlace, options: SetupOptions, world: World): Promise<Tools> {
  const { withTests = false } = options;
  const { env, signal } = world;
  // With --json standard output holds the result alone.
  const shown = options.json ? { ...world, out: world.err, isTTY: false } : world;
  const missing = findTools(place) === undefined;
  const steps = TOOLS_STEPS.filter((step) => (step === 'shellcheck' ? withTests : missing));
  const items = steps.map((key) => ({ key, title: TITLES[key] }));
  const list = await openChecklist(items, screenOf(shown));
  const report = ({ kind, step, detail }: ToolsEvent): void => {
    if (kind === 'waiting') list.set(step, 'active', `waiting for another setup: ${detail}`);
    else list.set(step, kind === 'started' ? 'active' : kind, detail);
  };
  try {
    return await setUpTools({ place, env, withTests, signal, report });
  } finally {
    await list.close();
  }
}
