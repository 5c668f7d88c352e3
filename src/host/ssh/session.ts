import { DynSlurmError } from '../../errors.ts';
import { pause } from '../pause.ts';
import { connectThrough, type LoginOptions, Unreachable } from './connect.ts';
import { ConnectionLost } from './exchange.ts';
import type { Hop } from './hop.ts';
import type { Ask } from './identity.ts';
import { Link, type LinkOptions } from './link.ts';

export interface SessionOptions extends LinkOptions, LoginOptions {
  /** The last one is the host. */
  readonly hops: readonly Hop[];
}

interface Current {
  readonly made: Promise<Link>;
  /** Once it is made. */
  link?: Link;
}

/** Milliseconds before each attempt to connect again, and for how long it is tried. */
const WAITS = [0, 250, 500, 1000, 2000, 4000];
const TIMEOUT = 120_000;

/** The one connection to a login node: made when it is needed, and made again when it is lost. */
export class Session {
  readonly #options: SessionOptions;
  #current: Current | undefined;
  /** The first login has worked; from then on nobody is asked anything. */
  #known = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * What `use` makes of the connection; again over a new one where it is lost on the way, so that `use` must be safe to
   * repeat. @throws DynSlurmError where the connection cannot be restored.
   */
  async repeat<T>(use: (link: Link, again: boolean) => Promise<T>): Promise<T> {
    for (let again = false; ; again = true) {
      const link = await this.link();
      try {
        return await use(link, again);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      }
    }
  }

  /** The open connection, or a new one. Who comes while it is being made waits for the same. */
  link(): Promise<Link> {
    const current = this.#current;
    if (current !== undefined && (current.link === undefined || current.link.open)) return current.made;
    const made = this.#known ? this.#connectAgain() : this.#connect(this.#options.ask);
    const next: Current = { made };
    this.#current = next;
    made.then(
      (link) => {
        next.link = link;
      },
      () => {
        this.#current = undefined;
      },
    );
    return made;
  }

  async #connect(ask: Ask | undefined): Promise<Link> {
    const { hops, name, trace } = this.#options;
    const start = Date.now();
    const link = new Link(await connectThrough(hops, { ...this.#options, ask }), this.#options);
    try {
      await link.home();
    } catch (error) {
      link.close();
      throw error;
    }
    trace(`logged in to ${name} (${Date.now() - start} ms)`);
    this.#known = true;
    return link;
  }

  async #connectAgain(): Promise<Link> {
    const { name, signal } = this.#options;
    const until = Date.now() + TIMEOUT;
    for (let attempt = 0; ; attempt++) {
      const waited = await pause(WAITS[attempt] ?? WAITS.at(-1) ?? 0, signal);
      if (!waited) throw new DynSlurmError('interrupted', `interrupted while connecting to ${name} again`);
      try {
        return await this.#connect(undefined);
      } catch (error) {
        if (!isPassing(error) || Date.now() > until) throw lost(name, error);
      }
    }
  }
}

/** A network that is away may come back; a server that refuses goes on doing so. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof ConnectionLost || (error instanceof DynSlurmError && error.cause instanceof Unreachable)
  );
}

function lost(name: string, error: unknown): unknown {
  if (!(error instanceof Error) || (error instanceof DynSlurmError && error.code !== 'connection'))
    return error;
  const hint = (error instanceof DynSlurmError && error.hint) || 'check that you are on the right network';
  return new DynSlurmError(
    'connection',
    `the connection to ${name} was lost and cannot be restored\n${error.message}`,
    { hint: `the job is not affected; ${hint}`, cause: error },
  );
}
