import { Document } from 'yaml';
import { type Arg, LOCAL_DIR, nodeIp, refText } from '../argument.ts';
import { argumentWords } from '../config/argument-words.ts';
import type { JobConfig } from '../config/schema/job-schema.ts';
import type { ArgumentValue } from '../config/schema/role.ts';
import { error, type Problem } from '../config/yaml/problem.ts';
import { dashed } from '../engines/dashed.ts';
import { needs } from './checks.ts';
import type { Frontend, FrontendCommand, FrontendContext } from './frontend.ts';

/** Options of `trtllm-serve disaggregated`, by their names with dashes; all other arguments are keys of its file. */
const OPTIONS: Readonly<Record<string, string>> = {
  'server-start-timeout': '--server_start_timeout',
  'request-timeout': '--request_timeout',
  'metadata-server-config-file': '--metadata_server_config_file',
  'metrics-log-interval': '--metrics-log-interval',
  'log-level': '--log_level',
};

/** The two lists of servers in its file, by the roles of their workers. */
const LISTS = { context_servers: 'prefill', generation_servers: 'decode' } as const;
const LISTED = ['num_instances', 'urls'];

/**
 * The orchestrator of TensorRT-LLM: `trtllm-serve disaggregated`, which reads the addresses of prefill and decode workers from a
 * file. https://nvidia.github.io/TensorRT-LLM/commands/trtllm-serve/trtllm-serve.html
 */
export const trtllmServe: Frontend = {
  type: 'trtllm-serve',
  title: "TensorRT-LLM's orchestrator",
  several: false,
  programs: () => [],
  argumentFile: ({ trtllm }) => ({ name: 'trtllm.disaggregated', release: trtllm }),
  managed: {
    'the address of its node': 'hostname',
    'frontend.port': 'port',
    'the file that dyn-slurm writes': 'config config-file',
  },
  settings: dashed,
  check,
  command,
  ready: { live: '/health', path: '/health', counts: {} },
};

function* check(job: JobConfig): Generator<Problem> {
  yield* needs(job, trtllmServe, 'trtllm');
  if (job.aggregated)
    yield error(
      ['frontend', 'type'],
      `${trtllmServe.title} stands before prefill and decode workers, and this job has aggregated ones`,
      'use `none`, with which the one worker answers clients itself',
    );
  for (const [key, given] of Object.entries(job.frontend.args)) {
    if (!Object.hasOwn(LISTS, inFile(key))) continue;
    const path = ['frontend', 'args', key];
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      yield error(
        path,
        'must be a map, such as {router: {type: round_robin}}',
        'the addresses are set by dyn-slurm',
      );
      continue;
    }
    for (const listed of LISTED)
      if (listed in given)
        yield error([...path, listed], 'is set by dyn-slurm, from the workers of the job', 'remove it here');
  }
}

/** A key of the file, given with dashes. */
function inFile(name: string): string {
  return name.replaceAll('-', '_');
}

function command(context: FrontendContext): FrontendCommand {
  const { settings } = context;
  const given = Object.entries(settings.args);
  const name = 'orchestrator.yaml';
  return {
    argv: [
      ...['trtllm-serve', 'disaggregated', '-c', [LOCAL_DIR, `/${name}`]],
      ...given.flatMap(([key, value]) => optionWords(key, value)),
    ],
    env: {},
    file: {
      name,
      text: fileText(
        context,
        given.filter(([key]) => !Object.hasOwn(OPTIONS, key)).map(([key, value]) => [inFile(key), value]),
      ),
    },
    mpi: true,
    waits: true,
  };
}

/** The words of an option, in its own spelling; none of a key of the file. */
function optionWords(name: string, value: ArgumentValue): readonly string[] {
  const option = OPTIONS[name];
  const [flag, ...values] = argumentWords({ [name]: value });
  return option === undefined || flag === undefined ? [] : [flag.replace(`--${name}`, option), ...values];
}

/** YAML; the node that runs it fills in the addresses. */
function fileText(
  { node, port, servers }: FrontendContext,
  given: readonly (readonly [string, ArgumentValue])[],
): Arg {
  const keys = Object.fromEntries(given);
  const text = (parts: FrontendContext['servers'][number]['address']) =>
    parts.map((part) => (typeof part === 'string' ? part : refText(part))).join('');
  const lists = Object.entries(LISTS).map(([list, role]) => {
    const urls = servers.filter((server) => server.role === role).map(({ address }) => text(address));
    return [list, { ...(keys[list] as object | undefined), num_instances: urls.length, urls }] as const;
  });
  const file = new Document(
    { ...keys, ...Object.fromEntries(lists), hostname: text([nodeIp(node)]) },
    { version: '1.1' },
  );
  // A port that the job may move is no number yet.
  return `${file.toString({ lineWidth: 0 })}port: ${text([port])}\n`;
}
