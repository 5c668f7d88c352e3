import type { Findings, Place } from '../finding.ts';
import { isSubmitScript, type ShellCommand, type ShellWord } from './words.ts';

/** What a command line of the old scripts asks for, by the options of submit_job_script.py. */
export interface Submission {
  readonly place: Place;
  readonly options: ReadonlyMap<string, ShellWord>;
  readonly extra: readonly ShellWord[];
}

const FLAGS: ReadonlySet<string> = new Set([
  'enable-multiple-frontends',
  'disable-multiple-frontends',
  'use-init-location',
  'disable-config-dump',
  'run-in-ci',
  'use-dynamo-whls',
]);

/** Variables that submit_disagg.sh hands on. */
const VARIABLES: Readonly<Record<string, string>> = {
  SLURM_ACCOUNT: 'account',
  SLURM_PARTITION: 'partition',
  TIME_LIMIT: 'time-limit',
  MODEL_PATH: 'model-dir',
  CONFIG_DIR: 'config-dir',
  CONTAINER_IMAGE: 'container-image',
  NETWORK_INTERFACE: 'network-interface',
};

const POSITIONS = [
  'prefill-nodes',
  'prefill-workers',
  'decode-nodes',
  'decode-workers',
  'num-additional-frontends',
  'isl',
  'osl',
  'concurrencies',
  'req-rate',
  'script-variant',
];

/** Reads the words after the script's name, as argparse does, or by their positions for submit_disagg.sh. */
export function readSubmission(
  { words, variables }: ShellCommand,
  findings: Findings,
): Submission | undefined {
  const [script, ...rest] = words;
  if (script === undefined || !isSubmitScript(script.text)) return undefined;
  return script.text.endsWith('.sh')
    ? byPosition(script, rest, variables, findings)
    : byName(script, rest, findings);
}

function byName(script: ShellWord, words: readonly ShellWord[], findings: Findings): Submission {
  const options = new Map<string, ShellWord>();
  const extra: ShellWord[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as ShellWord;
    const [, name, inline] = /^--([\w-]+)(?:=(.*))?$/s.exec(word.text) ?? [];
    if (name === undefined) {
      findings.lose(word.place, `${JSON.stringify(word.text)} belongs to no option`);
      continue;
    }
    if (FLAGS.has(name)) {
      options.set(name, word);
      continue;
    }
    const next = words[at + 1];
    const value = inline ?? next?.text;
    if (inline === undefined) at += 1;
    if (value === undefined) {
      findings.refuse(word.place, `--${name} needs a value`);
      continue;
    }
    const found = {
      text: value,
      place: { ...(inline === undefined ? (next ?? word).place : word.place), path: [`--${name}`] },
    };
    if (name === 'extra-slurm-args') extra.push(found);
    else options.set(name, found);
  }
  return { place: script.place, options, extra };
}

function byPosition(
  script: ShellWord,
  words: readonly ShellWord[],
  variables: ReadonlyMap<string, ShellWord>,
  findings: Findings,
): Submission {
  const options = new Map<string, ShellWord>();
  for (const [variable, option] of Object.entries(VARIABLES)) {
    const value = variables.get(variable);
    if (value !== undefined && value.text !== '') options.set(option, value);
  }
  for (const [index, word] of words.entries()) {
    const option = POSITIONS[index];
    if (option === undefined)
      findings.lose(word.place, `${JSON.stringify(word.text)} is one word too many for submit_disagg.sh`);
    else options.set(option, word);
  }
  const set = (option: string, text: string) => {
    if (!options.has(option)) options.set(option, { text, place: script.place });
  };
  set('gpu-type', 'gb200-fp8');
  set('gpus-per-node', '4');
  set('enable-multiple-frontends', '');
  const load = ['isl', 'osl', 'concurrencies', 'req-rate'].map(
    (key) => [key, options.get(key)?.text] as const,
  );
  if (load.every(([, text]) => text !== undefined))
    options.set('profiler', {
      text: ['type=vllm', ...load.map(([key, text]) => `${key}=${text}`)].join('; '),
      place: options.get('isl')?.place ?? script.place,
    });
  const shape = ['prefill-nodes', 'prefill-workers', 'decode-nodes', 'decode-workers'].map(
    (key) => options.get(key)?.text,
  );
  if (shape.join(' ') === '6 3 12 1') set('use-init-location', '');
  return { place: script.place, options, extra: [] };
}
