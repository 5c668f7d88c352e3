import { latency, rounded } from '../../format.ts';
import { MOCK_MARK } from '../../observe/mock-engines.ts';
import type { Quantiles, ServiceEventOf, SourceName } from '../../run/service-event.ts';

const SOURCES: Readonly<Record<SourceName, string>> = {
  etcd: 'etcd',
  nats: 'NATS',
  frontends: 'the frontends',
  workers: "the workers' metrics",
};

/** That a source can be read, as it should, is no news. */
export function sourceText({ source, state, via, reason }: ServiceEventOf<'source'>): string | undefined {
  if (state === 'missing') return `cannot read ${SOURCES[source]} from here: ${reason}`;
  return via === 'recorded' && reason !== '' ? `${SOURCES[source]}: ${reason}` : undefined;
}

type Figures = Pick<
  ServiceEventOf<'load'>,
  | 'outputTokensPerSecond'
  | 'inputTokensPerSecond'
  | 'requestsPerSecond'
  | 'failedPerSecond'
  | 'running'
  | 'queued'
  | 'ttft'
  | 'itl'
>;

/** `load: 1,234 tok/s out, 5,678 in, 4.5 requests/s, 32 under way, TTFT 120 ms (p99 400 ms), ITL 12 ms (p99 30 ms)` */
export function loadText(load: Figures, mock = false): string {
  return `load${mock ? `, ${MOCK_MARK}` : ''}: ${loadFigures(load)}`;
}

/** The same without its first word; `idle` where nothing goes on. */
export function loadFigures(load: Figures): string {
  const { running, queued, ttft, itl } = load;
  if (running === 0 && load.requestsPerSecond === 0 && load.outputTokensPerSecond === 0) return 'idle';
  return [
    `${rounded(load.outputTokensPerSecond)} tok/s out`,
    `${rounded(load.inputTokensPerSecond)} in`,
    `${rounded(load.requestsPerSecond)} requests/s`,
    load.failedPerSecond > 0 ? `${rounded(load.failedPerSecond)} failed/s` : '',
    `${running} under way${queued > 0 ? `, ${queued} of them before their first token` : ''}`,
    latencyText('TTFT', ttft),
    latencyText('ITL', itl),
  ]
    .filter(Boolean)
    .join(', ');
}

function latencyText(name: string, quantiles: Quantiles | undefined): string {
  return quantiles ? `${name} ${latency(quantiles.p50)} (p99 ${latency(quantiles.p99)})` : '';
}
