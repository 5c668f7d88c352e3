import type { Role } from '../config/schema/role.ts';

/** The addresses at which an observer reads a service's state; it may be unable to reach some of them. */
export type SourceName = 'etcd' | 'nats' | 'frontends' | 'workers';

/**
 * How a source is reached: at its own address, over ssh from a login node, or by what the job itself records in the
 * run folder.
 */
export type Way = 'direct' | 'tunnel' | 'recorded';

/** What the observer hears of a service that runs; never in events.jsonl. `time`: RFC 3339, by the observer's clock. */
export type ServiceEvent = { readonly time: string } & ServiceEventBody;

export type ServiceEventBody =
  | SourceEventBody
  | InstancesEventBody
  | BusEventBody
  | HealthEventBody
  | LoadEventBody;

/** A source can be read, or not any more. */
interface SourceEventBody {
  readonly kind: 'source';
  readonly source: SourceName;
  readonly state: 'up' | 'missing';
  readonly via: Way;
  /** Why it is missing; what `recorded` stands in for. Empty where there is nothing to say. */
  readonly reason: string;
}

/** One registration in etcd. Ids are text: they are beyond what a JSON number keeps. */
export interface Instance {
  readonly namespace: string;
  readonly component: string;
  readonly endpoint: string;
  /** Decimal, as in Dynamo's `instance_id`. */
  readonly id: string;
  /** The same in hexadecimal, as in etcd's keys and in `worker_id` of metrics. */
  readonly lease: string;
  /** `ADDRESS:PORT`, where requests travel by TCP. */
  readonly address?: string;
  /** The worker that listens there. */
  readonly step?: string;
}

/** Who is registered in etcd, whenever that changes. A worker that was killed stays in it for up to 30 s. */
interface InstancesEventBody {
  readonly kind: 'instances';
  readonly roles: readonly { readonly role: Role; readonly have: number; readonly want: number }[];
  /** Instances of the endpoints that serve requests. */
  readonly instances: readonly Instance[];
  /** The revision of etcd's data. */
  readonly revision: string;
}

/** How NATS is, when that changes. */
interface BusEventBody {
  readonly kind: 'bus';
  /** Version of the server. */
  readonly server: string;
  /** Milliseconds of a round trip to NATS. */
  readonly milliseconds: number;
  readonly jetstream?: {
    readonly streams: number;
    readonly consumers: number;
    readonly messages: number;
    readonly bytes: number;
  };
  /** Dynamo's services, where requests travel by NATS. */
  readonly services: readonly {
    readonly name: string;
    readonly instances: number;
    readonly requests: number;
    readonly errors: number;
  }[];
}

/** What frontends and workers say of themselves, when that changes. */
interface HealthEventBody {
  readonly kind: 'health';
  readonly frontends: readonly FrontendHealth[];
  readonly workers: readonly WorkerHealth[];
}

export interface FrontendHealth {
  readonly step: string;
  /** Its own word, such as `healthy`; `silent` where it does not answer. */
  readonly state: string;
  /** Instances that it sends requests to. */
  readonly instances: number;
  /** Whether the model can be used, where the release says so, and how many workers it knows by type. */
  readonly ready?: boolean;
  readonly workerTypes?: Readonly<Record<string, number>>;
}

export interface WorkerHealth {
  readonly step: string;
  /** `ready` once its metrics have its endpoints, which come with its registration. */
  readonly state: 'ready' | 'notready' | 'silent';
}

/** What the service did since the last such event. */
export interface LoadEventBody extends Omit<Load, 'time' | 'workers'> {
  readonly kind: 'load';
  readonly via: Way;
  /** That `ttft` and `itl` are about, which need more of them than one interval has. */
  readonly latencySeconds: number;
  readonly workers: Readonly<Record<string, WorkerLoad>>;
}

/** A service event of one kind. */
export type ServiceEventOf<Kind extends ServiceEventBody['kind']> = Extract<
  ServiceEvent,
  { readonly kind: Kind }
>;

/** What a service did between two scrapes. */
export interface Load {
  /** Time of the later scrape; milliseconds since 1970. */
  readonly time: number;
  /** Between the scrapes. */
  readonly seconds: number;
  /** Requests per second that ended, successful or not. */
  readonly requestsPerSecond: number;
  /** Failed requests per second. */
  readonly failedPerSecond: number;
  readonly outputTokensPerSecond: number;
  readonly inputTokensPerSecond: number;
  /** Requests under way at the frontends, at the later scrape; and of them those that wait for their first token. */
  readonly running: number;
  readonly queued: number;
  /** Time to the first token, and between tokens, as clients of the frontends see them; where there were any. */
  readonly ttft?: Quantiles;
  readonly itl?: Quantiles;
  /** Since the frontends were started. */
  readonly totals: LoadTotals;
  /** By step. */
  readonly workers: ReadonlyMap<string, WorkerLoad>;
}

export interface LoadTotals {
  readonly requests: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What one worker does, as its own metrics say. What they do not say is absent. */
export interface WorkerLoad {
  /** Requests that it works on, and that wait in it. */
  readonly running?: number;
  readonly queued?: number;
  /** Share of its KV cache that is taken, 0 to 1; the mean of its DP ranks. */
  readonly kvUsage?: number;
  readonly inputTokensPerSecond?: number;
  readonly outputTokensPerSecond?: number;
  readonly requestsPerSecond?: number;
}

/** Percentiles of latencies in milliseconds, and the number of latencies. */
export interface Quantiles {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}
