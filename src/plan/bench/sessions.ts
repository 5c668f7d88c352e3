import type { Arg } from '../../argument.ts';
import { aiperfGoodput, options, WARMUP_SEED } from './options.ts';
import type { ToolContext, ToolRun } from './tools.ts';

/** Requests, one after the other, that warm up for a trace, by `warmup_per_concurrency`. */
const FIRST = 5;
/** Tokens in and out of each of them. */
const SHORT = { isl: 512, 'isl-stddev': 0, osl: 32, 'osl-stddev': 0 };

/**
 * `aiperf profile` with a trace in Mooncake's form, as 0.13.0 takes it: it sends requests at the times of the trace, where
 * that has any, and never more than the concurrency at once.
 */
export function traceRuns(context: ToolContext, seeded: boolean): readonly ToolRun[] {
  const { bench, measurement, folder } = context;
  const { fixed_schedule: fixed, speedup, trace, requests, slo } = bench;
  const { concurrency, rate, index } = measurement;
  const count = FIRST * bench.warmup_per_concurrency;
  const load = {
    'input-file': trace,
    'custom-dataset-type': 'mooncake_trace',
    'fixed-schedule': fixed === true,
    // The first request is sent at once, whatever its time is.
    'fixed-schedule-auto-offset': fixed === true,
    'no-fixed-schedule': fixed === false,
    'synthesis-speedup-ratio': speedup,
    concurrency,
    'request-count': requests,
    'request-rate': fixed === false && rate !== 'inf' && rate,
    goodput: aiperfGoodput(slo),
    'random-seed': !seeded && index,
    'output-artifact-dir': folder(''),
  };
  return [
    ...warmUp(context, count, { ...SHORT, concurrency: 1 }),
    { kind: 'point', argv: words(context, load) },
  ];
}

/** Sessions of several turns, each of which sends what was said before it, too. */
export function agenticRuns(context: ToolContext, seeded: boolean): readonly ToolRun[] {
  const { bench, measurement, folder } = context;
  const { index, concurrency, prompts, warmup, rate } = measurement;
  const { isl, osl, turns = 1, turn_delay: delay = 0, slo } = bench;
  const lengths = { isl, 'isl-stddev': 0, osl, 'osl-stddev': 0 };
  const load = {
    ...lengths,
    'num-sessions': prompts / turns,
    'session-turns-mean': turns,
    'session-turns-stddev': 0,
    'session-turn-delay-mean': delay * 1000,
    'session-turn-delay-stddev': 0,
    concurrency,
    'request-rate': rate !== 'inf' && rate,
    'extra-inputs': osl !== undefined && `min_tokens:${osl}`,
    goodput: aiperfGoodput(slo),
    'random-seed': !seeded && index,
    'output-artifact-dir': folder(''),
  };
  return [
    ...warmUp(context, warmup, { ...lengths, concurrency }),
    { kind: 'point', argv: words(context, load) },
  ];
}

type Options = Parameters<typeof options>[0];

/** Requests of one turn, in a run of their own. */
function warmUp(context: ToolContext, count: number, load: Options): readonly ToolRun[] {
  if (count === 0) return [];
  const { measurement, folder } = context;
  const own = {
    'request-count': count,
    'num-dataset-entries': count,
    'random-seed': WARMUP_SEED + measurement.index,
    'output-artifact-dir': folder('-warm-up'),
  };
  return [{ kind: 'warm-up', argv: words(context, { ...load, ...own }) }];
}

function words({ url, model, tokenizer }: ToolContext, load: Options): readonly Arg[] {
  const service = options({ model, tokenizer, url, 'endpoint-type': 'chat', streaming: true });
  const counted = options({ 'extra-inputs': 'ignore_eos:true', 'use-server-token-count': true });
  return ['profile', ...service, ...counted, ...options(load)];
}
