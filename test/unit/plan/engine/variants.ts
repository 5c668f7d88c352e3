import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { argText } from '../../../../src/argument.ts';
import { atLeast } from '../../../../src/config/compat/release.ts';
import type { Plan, PortUse, Step } from '../../../../src/plan/plan.ts';

/** A command with its environment. Flags by name, under one spelling; `true` has no value, several are one text. */
export interface Command {
  readonly command: string;
  readonly flags: Readonly<Record<string, string | true>>;
  readonly env: Readonly<Record<string, string>>;
}

type Given = Readonly<Record<string, string | number | boolean | readonly number[]>>;

interface Settings {
  readonly flags?: Given;
  readonly env?: Readonly<Record<string, string>>;
}

export interface PublishedWorker extends Required<Settings> {
  readonly role: string;
  readonly command: string;
}

export interface Variant {
  readonly name: string;
  readonly source: string;
  readonly commit: string;
  readonly workers: readonly PublishedWorker[];
  readonly prefill_router?: string;
}

interface Difference extends Settings {
  readonly why: string;
  readonly from?: string;
  readonly before?: string;
  readonly variants?: readonly string[];
  readonly roles?: readonly string[];
  readonly command?: string;
}

interface Adaptation {
  readonly was: Settings;
  readonly now?: Settings;
}

/** What the source of a preset runs, in its own words. */
export interface Preset {
  readonly name: string;
  readonly nodes: number;
  readonly roles: Readonly<Record<'prefill' | 'decode', PresetRole>>;
}

interface PresetRole {
  readonly workers: number;
  readonly gpus: number;
  readonly env: Readonly<Record<string, string>>;
  /** Arguments of the command; absent where they are a file. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly file?: Readonly<Record<string, unknown>>;
}

export const variants: readonly Variant[] = fixture('variants');
export const presets: readonly Preset[] = fixture('presets');
export const differences: readonly Difference[] = fixture('differences');
const adaptations: readonly Adaptation[] = fixture('adaptations');

/** SGLang takes each of these for the other. */
const ALIASES: Readonly<Record<string, string>> = {
  '--tp': '--tp-size',
  '--tensor-parallel-size': '--tp-size',
  '--data-parallel-size': '--dp-size',
  '--expert-parallel-size': '--ep-size',
};

/** The workers that the plan starts, by the names of their steps. */
export function publishedWorkers({ workers }: Variant): readonly (readonly [string, PublishedWorker])[] {
  const counts = new Map<string, number>();
  return workers.map((worker) => {
    const role = worker.role === 'embedding' ? 'aggregated' : worker.role;
    const index = counts.get(role) ?? 0;
    counts.set(role, index + 1);
    return [`${role}-${index}`, { ...worker, role }];
  });
}

/** A step's command as it is planned. Throws if a flag is there twice. */
export function planned({ argv, env }: Step): Command {
  const words = argv.map(argText);
  const start = words.findIndex((word) => word.startsWith('--'));
  const values = new Map<string, string[]>();
  let flag = '';
  for (const word of words.slice(start)) {
    if (word.startsWith('--')) {
      flag = word;
      if (values.has(flag)) throw new Error(`${flag} is there twice`);
      values.set(flag, []);
    } else {
      values.get(flag)?.push(word);
    }
  }
  return {
    command: words.slice(0, start).join(' '),
    flags: Object.fromEntries(
      [...values].map(([flag, list]) => [flag, list.length > 0 ? list.join(' ') : true]),
    ),
    env: Object.fromEntries(Object.entries(env).map(([name, word]) => [name, argText(word)])),
  };
}

/** The published command in the words of the plan, with the differences that are listed for its release. */
export function expected(
  variant: string,
  worker: PublishedWorker,
  step: Step,
  plan: Plan,
  release: string,
): Command {
  const listed = differences.filter(
    ({ from, before, variants: names, roles }) =>
      (from === undefined || atLeast(release, from)) &&
      (before === undefined || !atLeast(release, before)) &&
      (names?.includes(variant) ?? true) &&
      (roles?.includes(worker.role) ?? true),
  );
  const command = listed.find((difference) => difference.command)?.command ?? worker.command;
  const flags = Object.assign({}, worker.flags, ...listed.map((difference) => difference.flags));
  const env = Object.assign({}, worker.env, ...listed.map((difference) => difference.env));
  return {
    command,
    flags: Object.fromEntries(
      Object.entries(flags as Given).flatMap(([flag, value]) =>
        value === false ? [] : [[ALIASES[flag] ?? flag, value === true || inPlan(flag, value, step, plan)]],
      ),
    ),
    env: Object.fromEntries(
      Object.entries(env as Given).map(([name, value]) => [name, inPlan(name, value, step, plan)]),
    ),
  };
}

/** Published for some release, for 1.6.1. */
export function adapted(worker: PublishedWorker): PublishedWorker {
  let { flags, env } = worker;
  for (const { was, now } of adaptations) {
    const keep = flags[Object.keys(was.flags ?? {}).at(-1) ?? ''] ?? env[Object.keys(was.env ?? {})[0] ?? ''];
    if (!includes(flags, was.flags) || !includes(env, was.env)) continue;
    const kept = (settings: Given = {}) =>
      Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, value === '*' ? keep : value]));
    flags = { ...without(flags, was.flags), ...kept(now?.flags) } as Given;
    env = { ...without(env, was.env), ...kept(now?.env) } as Record<string, string>;
  }
  return { ...worker, command: 'python3 -m dynamo.sglang', flags, env };
}

function includes(given: Given, wanted: Given = {}): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => key in given && (value === '*' || given[key] === value),
  );
}

function without(given: Given, gone: Given = {}): Given {
  return Object.fromEntries(Object.entries(given).filter(([key]) => !(key in gone)));
}

/** What upstream leaves to its scripts, or fixes for one machine, is the plan's. */
function inPlan(name: string, value: Given[string], step: Step, plan: Plan): string {
  const [leader] = step.nodes;
  const gpus = step.nodes.length * step.gpus.length;
  const port = (use: string) => String(step.ports.find((one) => one.use === (use as PortUse))?.port);
  const given = Array.isArray(value) ? value.join(' ') : String(value);
  switch (name) {
    case '--dist-init-addr':
      return `\${NODE_IP[${leader}]}:${port('dist-init')}`;
    case '--disaggregation-bootstrap-port':
      return step.role === 'prefill' ? port('bootstrap') : '30001';
    case '--nccl-port':
      return port('nccl');
    case '--kv-events-config':
      return given.replace(/:\d+"/, `:${port('kv-events')}"`);
    case 'DYN_SYSTEM_PORT':
      return port('system');
    case 'CUDA_VISIBLE_DEVICES':
      return step.gpus.join(',');
    default:
      return given
        .replace(/^PORT\((.*)\)$/, (_, use) => port(use))
        .replace('${TOTAL_GPUS-2}', String(gpus - 2))
        .replace('${TOTAL_GPUS}', String(gpus))
        .replace('${TOTAL_NODES}', String(step.nodes.length))
        .replace('${RANK}', step.nodes.length === 1 ? '0' : '${NODE_RANK}')
        .replace('SERVED_NAME', plan.readiness.model);
  }
}

function fixture<T>(name: string): T {
  return parse(readFileSync(join(import.meta.dirname, `../../../fixtures/topologies/${name}.yaml`), 'utf8'));
}
