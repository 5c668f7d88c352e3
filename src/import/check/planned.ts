import { parseYaml } from '../../config/yaml/parse.ts';
import { type ConfigEntry, plain } from '../../config/yaml/tree.ts';
import type { Plan, Step } from '../../plan/plan.ts';
import type { Word } from '../../word.ts';
import { LAUNCHERS } from './expected.ts';
import { canonical, type Figures, FROM_OUTSIDE, flagName } from './figures.ts';

/** What a plan starts. */
export function plannedFigures(plan: Plan): Figures {
  const roles = new Map<string, Figures['roles'] extends ReadonlyMap<string, infer One> ? One : never>();
  for (const { role } of plan.workers) {
    const own = plan.workers.filter((worker) => worker.role === role);
    const step = plan.steps.find((one) => one.kind === 'worker' && one.role === role);
    const [first] = own;
    if (roles.has(role) || first === undefined || step === undefined) continue;
    roles.set(role, {
      workers: own.length,
      gpus: first.gpus.length * first.nodes.length,
      args: fileOf(step) ?? flagsOf(step),
      env: environmentOf(step),
    });
  }
  const frontends = plan.steps.filter(({ kind }) => kind === 'frontend');
  const [frontend] = frontends;
  return {
    nodes: plan.nodes.length,
    roles,
    frontends: {
      type: 'dynamo',
      count: frontends.length,
      args: frontend ? flagsOf(frontend) : new Map(),
      env: frontend ? environmentOf(frontend) : new Map(),
    },
  };
}

function textOf(word: Word): string {
  return typeof word === 'string'
    ? word
    : word.map((part) => (typeof part === 'string' ? part : '?')).join('');
}

/** As argparse reads them: a word with two dashes is a flag, those after it are its values, and the last of a name counts. */
function flagsOf({ argv }: Step): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  let name: string | undefined;
  let values: string[] = [];
  const end = () => {
    if (name === undefined) return;
    const one = flagName(name);
    if (one === 'kv-events-config') flags.set('kv-events', 'true');
    if (!LAUNCHERS.has(one))
      flags.set(one, values.length === 0 ? 'true' : canonical(values.length === 1 ? values[0] : values));
  };
  // What stands before it is another program's.
  const start = Math.max(0, argv.indexOf('python3'));
  for (const word of argv.slice(start).map(textOf)) {
    const [, flag, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (flag === undefined) {
      values.push(word);
      continue;
    }
    end();
    name = flag;
    values = inline === undefined ? [] : [inline];
  }
  end();
  return flags;
}

/** The keys of the engine's own file, as Python reads it, where its arguments are in one. */
function fileOf({ files = {} }: Step): ReadonlyMap<string, string> | undefined {
  const [[name, text] = []] = Object.entries(files);
  if (name === undefined || text === undefined) return undefined;
  const entries = parseYaml(name, text, 'foreign').root?.entries ?? new Map<string, ConfigEntry>();
  return new Map([...entries].map(([key, { value }]) => [key, canonical(plain(value))]));
}

function environmentOf({ env, secrets }: Step): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries(env).map(([name, word]) => [name, textOf(word)] as const),
    ...Object.keys(secrets).map((name) => [name, FROM_OUTSIDE] as const),
  ]);
}
