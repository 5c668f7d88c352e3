import type { ConfigMap } from '../../config/yaml/tree.ts';
import type { Findings, Place } from '../finding.ts';
import { apart, list, MapBuilder, scalar } from '../tree.ts';
import { writeDirective } from '../write/slurm.ts';
import { writeTimeLimit } from '../write/time.ts';
import { benchmark } from './benchmark.ts';
import type { Submission } from './submit.ts';
import { topology } from './topology.ts';
import type { ShellWord } from './words.ts';

/** Options that have no counterpart, and change nothing of what serves. */
const SILENT: Readonly<Record<string, string>> = {
  'disable-config-dump': 'the plan says what each process runs',
  'run-in-ci': 'etcd and NATS come from the image',
  'use-dynamo-whls': 'Dynamo comes from the image',
  'log-dir': 'runs_dir of the cluster profile says where run folders lie',
  retries: '`dyn-slurm submit --retries` starts a failed job again',
  template: 'the roles say whether a job is aggregated',
};

export const ROLES = ['prefill', 'decode', 'agg'] as const;

/** An old command line as a config over a published topology: the script that it would have run, by GPU and variant. */
export function submissionConfig(
  submission: Submission,
  topologies: readonly string[],
  findings: Findings,
): ConfigMap {
  const { options, place } = submission;
  const given = (name: string): ShellWord | undefined => options.get(name);
  const root = new MapBuilder(place);
  const agg = given('agg-nodes') !== undefined || given('agg-workers') !== undefined;
  root.set(
    'name',
    jobName(given('job-name')?.text ?? 'dynamo_setup'),
    apart(given('job-name')?.place ?? place),
  );
  root.set(
    'topology',
    topology(submission, agg, topologies, findings),
    apart(given('gpu-type')?.place ?? place),
  );
  const model = given('model-dir');
  if (model)
    root.add(
      'model',
      new MapBuilder(place).set('path', known(model, findings).replace(/(?<=.)\/+$/, ''), apart(model.place)),
      apart(model.place),
    );
  else findings.refuse(place, 'names no model', 'give --model-dir, or MODEL_PATH to submit_disagg.sh');
  root.add(
    'container',
    container(given('container-image'), given('config-dir'), place, findings),
    apart(place),
  );
  root.add('slurm', slurm(submission, findings), apart(place));
  for (const role of ROLES) {
    const map = new MapBuilder(place);
    for (const key of ['workers', 'nodes'] as const) {
      const word = given(`${role}-${key}`);
      const number = Number(word?.text);
      if (word && Number.isInteger(number) && number > 0) map.set(key, number, apart(word.place));
      else if (word)
        findings.refuse(word.place, `--${role}-${key} must be a number, not ${JSON.stringify(word.text)}`);
    }
    root.add(role === 'agg' ? 'aggregated' : role, map, apart(place));
  }
  root.add('frontend', frontend(submission), apart(place));
  const bench = given('benchmark') ?? given('profiler');
  if (bench) root.add('bench', benchmark(bench, findings), apart(bench.place));
  rest(submission, findings);
  return root.build();
}

function jobName(text: string): string {
  return (
    text
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 64) || 'job'
  );
}

/** A word whose variables are all known. */
function known(word: ShellWord, findings: Findings): string {
  const [variable] = /\$\{?\w+\}?/.exec(word.text) ?? [];
  if (variable !== undefined)
    findings.site(word.place, `the value of ${variable} is not known`, 'write what it stands for');
  return word.text;
}

function container(
  image: ShellWord | undefined,
  configs: ShellWord | undefined,
  place: Place,
  findings: Findings,
): MapBuilder {
  const map = new MapBuilder(place);
  if (image) map.set('image', known(image, findings), apart(image.place));
  else findings.lose(place, 'names no container image', 'set container.image');
  if (configs) {
    const mount = `${known(configs, findings).replace(/(?<=.)\/+$/, '')}:/configs`;
    map.set('mounts', list([scalar(mount, configs.place.range)], configs.place.range), apart(configs.place));
  }
  return map;
}

function slurm({ options, extra, place }: Submission, findings: Findings): MapBuilder {
  const map = new MapBuilder(place);
  for (const key of ['account', 'partition'] as const) {
    const word = options.get(key);
    if (word) map.set(key, known(word, findings), apart(word.place));
  }
  const time = options.get('time-limit');
  if (time) writeTimeLimit(map, time.text, time.place, findings);
  else map.set('time', '4h', apart(place));
  const directives = new MapBuilder(place);
  for (const { text, place: at } of extra) {
    const [, name = text, value = ''] = /^-{0,2}([^=\s]+)[=\s]?(.*)$/s.exec(text) ?? [];
    writeDirective(
      map,
      directives,
      { path: [name], range: at.range, value: scalar(value, at.range) },
      { findings },
    );
  }
  map.add('directives', directives, apart(place));
  return map;
}

/** GPUs of a node: those of a Grace board are 4. */
export function gpusPerNode({ options }: Pick<Submission, 'options'>): number {
  const usual = /^gb/.test(options.get('gpu-type')?.text ?? 'gb') ? 4 : 8;
  return Number(options.get('gpus-per-node')?.text ?? usual);
}

function frontend(submission: Submission): MapBuilder {
  const { options, place } = submission;
  const map = new MapBuilder(place);
  const count = askedFrontends(submission);
  return count === 1
    ? map
    : map.set('count', count, apart(options.get('num-additional-frontends')?.place ?? place));
}

/** nginx is on the first node, and the frontends on the next ones; one frontend has no nginx. */
export function askedFrontends({ options }: Submission): number {
  if (!options.has('enable-multiple-frontends') || options.has('disable-multiple-frontends')) return 1;
  const nodes = ROLES.reduce((sum, role) => sum + Number(options.get(`${role}-nodes`)?.text ?? 0), 0);
  const asked = Number(options.get('num-additional-frontends')?.text ?? 0) + 1;
  return Math.max(1, nodes > 1 ? Math.min(asked, nodes - 1) : asked);
}

/** What belongs elsewhere, or nowhere. */
function rest({ options }: Submission, findings: Findings): void {
  const taken =
    'job-name account partition time-limit model-dir config-dir container-image gpu-type script-variant benchmark profiler enable-multiple-frontends disable-multiple-frontends num-additional-frontends prefill-nodes prefill-workers decode-nodes decode-workers agg-nodes agg-workers isl osl concurrencies req-rate'.split(
      ' ',
    );
  for (const [name, { text, place }] of options) {
    if (taken.includes(name)) continue;
    const silent = SILENT[name];
    if (silent !== undefined) findings.note(place, `--${name} has no counterpart: ${silent}`);
    else if (name === 'network-interface')
      findings.site(
        place,
        `the network ${text} belongs into the cluster profile`,
        `set interface: ${text} there`,
      );
    else if (name === 'gpus-per-node') {
      if (Number(text) !== gpusPerNode({ options: new Map([...options].filter(([key]) => key !== name)) }))
        findings.site(
          place,
          `nodes of ${text} GPUs are the cluster profile's to say`,
          `set gpus_per_node: ${text} there`,
        );
    } else if (name === 'use-init-location')
      findings.lose(
        place,
        'experts are not placed by a file',
        'set init-expert-location in the args of prefill and decode; the notes of the topology name the files',
      );
    else findings.lose(place, `--${name} has no counterpart in dyn-slurm`);
  }
}
