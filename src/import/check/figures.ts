/** What a job consists of, in the terms in which recipes and plans can be compared. */
export interface Figures {
  /** For the whole job. */
  readonly nodes: number;
  /** By role. */
  readonly roles: ReadonlyMap<string, RoleFigures>;
  readonly frontends: FrontendFigures;
}

export interface RoleFigures {
  readonly workers: number;
  /** For each worker. */
  readonly gpus: number;
  /** Flags of the engine by their names with dashes, each with its value in one form; `true` is a bare flag. */
  readonly args: ReadonlyMap<string, string>;
  readonly env: ReadonlyMap<string, string>;
}

export interface FrontendFigures {
  readonly type: string;
  readonly count: number;
  readonly args: ReadonlyMap<string, string>;
  readonly env: ReadonlyMap<string, string>;
}

/** A value that comes from the shell that submits. */
export const FROM_OUTSIDE = '(from outside)';

/** Names that mean one flag, by the first of them. */
const ALIASES: ReadonlyMap<string, string> = new Map(
  [
    'tensor-parallel-size tp-size tp',
    'pipeline-parallel-size pp-size pp',
    'data-parallel-size dp-size dp attn-dp-size attention-data-parallel-size',
    'expert-parallel-size ep-size ep',
    'decode-context-parallel-size dcp-size dcp',
    'router-kv-overlap-score-credit router-kv-overlap-score-weight kv-overlap-score-weight',
    'no-router-kv-events no-kv-events',
    'router-kv-events kv-events',
  ].flatMap((line) => {
    const [first = '', ...others] = line.split(' ');
    return others.map((name) => [name, first] as const);
  }),
);

export function flagName(written: string): string {
  const name = written.replaceAll('_', '-');
  return ALIASES.get(name) ?? name;
}

/** Flags of which launchers give each process its own: srt-slurm's and dyn-slurm's differ on purpose. */
export const LAUNCHERS: ReadonlySet<string> = new Set(
  `model-path model model-name served-model-name disaggregation-mode host port nccl-port dist-init-addr nnodes node-rank
  disaggregation-bootstrap-port bootstrap-ports kv-events-config endpoint namespace request-plane event-plane discovery-backend
  migration-limit store-kv dump-config-to data-parallel-rpc-port data-parallel-address data-parallel-size-local
  data-parallel-start-rank data-parallel-rank data-parallel-hybrid-lb master-addr master-port headless device-ids nccl-init-addr
  http-port http-host is-prefill-worker is-decode-worker dyn-system-port`.split(/\s+/),
);

/** As argparse reads them: a word with two dashes is a flag, those after it are its values, and the last of a name counts. */
export function flagsOf(words: readonly string[]): ReadonlyMap<string, string> {
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
  for (const word of words) {
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

/** One form for each value: JSON with its keys in order, numbers as JavaScript writes them. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return value.map(canonical).join(' ');
  if (typeof value === 'object' && value !== null) return JSON.stringify(sorted(value));
  const text = String(value);
  if (/^\s*[[{]/.test(text)) {
    try {
      return JSON.stringify(sorted(JSON.parse(text)));
    } catch {
      return text;
    }
  }
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) && Number.isSafeInteger(Math.trunc(Number(text)))
    ? String(Number(text))
    : text;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner)] as const);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
