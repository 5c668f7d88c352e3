import ssh2, { type AnyAuthMethod, type ParsedKey, type Prompt } from 'ssh2';
import { DynSlurmError } from '../../errors.ts';
import { plainText } from '../plain-text.ts';
import type { Hop } from './hop.ts';
import type { Ask, Identities, Identity } from './identity.ts';

const METHODS = ['publickey', 'keyboard-interactive', 'password'] as const;
type Method = (typeof METHODS)[number];
/** Wrong answers to a question. */
const ATTEMPTS = 3;

/** Logs in to one server: says what to try next, in OpenSSH's order, and in the end why nothing helped. */
export class Login {
  readonly #hop: Hop;
  readonly #keys: Identity[];
  readonly #ask: Ask | undefined;
  readonly #tried: string[] = [];
  readonly #notTried: string[];
  readonly #asked = { 'keyboard-interactive': 0, password: 0 };
  #offered: readonly string[] | undefined;
  #banner = '';
  /** What ended the asking, such as an interrupt. */
  failure: unknown;

  constructor(hop: Hop, { keys, notes }: Identities, ask: Ask | undefined) {
    this.#hop = hop;
    this.#keys = [...keys];
    this.#notTried = [...notes];
    this.#ask = ask && ((question, options) => ask(this.#withBanner(question), options));
  }

  /** What the server says before the login. It is shown with a question, if one comes. */
  banner(text: string): void {
    this.#banner += text;
  }

  /** The methods that the server would go on with: after each refusal, and after each factor of several. */
  offers(methods: readonly string[]): void {
    this.#offered = methods;
  }

  /** False where nothing is left. The first attempt asks what the server offers. */
  async next(): Promise<AnyAuthMethod | false> {
    const username = this.#hop.user;
    if (this.#offered === undefined) return { type: 'none', username };
    for (const method of this.#order()) {
      const attempt = this.#offered.includes(method) ? await this.#attempt(method, username) : undefined;
      if (attempt) return attempt;
    }
    return false;
  }

  error(): DynSlurmError {
    const { alias, user } = this.#hop;
    const offered = (this.#offered ?? []).join(', ') || 'nothing';
    const lines = [
      `cannot log in to ${alias} as ${user}: the server accepts ${offered}`,
      ...this.#tried.map((text) => `  refused    ${text}`),
      ...this.#notTried.map((text) => `  not tried  ${text}`),
    ];
    const hint = this.#notTried.some((text) => text.includes('no terminal'))
      ? 'run the command in a terminal, or add a key to an ssh agent: see docs/ssh.md'
      : `check whether \`ssh ${user}@${alias}\` can log in; docs/ssh.md lists the methods that dyn-slurm supports`;
    return new DynSlurmError('connection', lines.map(plainText).join('\n'), { hint });
  }

  /** A password is asked for where it is preferred, or the server has no other question. */
  #order(): readonly Method[] {
    const { preferred } = this.#hop;
    if (preferred) return preferred.filter((name): name is Method => METHODS.includes(name as Method));
    return this.#offered?.includes('keyboard-interactive') ? METHODS.slice(0, 2) : METHODS;
  }

  async #attempt(method: Method, username: string): Promise<AnyAuthMethod | undefined> {
    if (method === 'publickey') {
      const key = this.#keys.shift();
      if (key === undefined) return undefined;
      this.#tried.push(key.label);
      return { type: 'agent', username, agent: new OneKey(key, (problem) => this.#unused(key, problem)) };
    }
    if (this.#ask === undefined) {
      const note = `${method}: the server asks for an answer, and there is no terminal`;
      if (!this.#notTried.includes(note)) this.#notTried.push(note);
      return undefined;
    }
    if (this.#asked[method]++ >= ATTEMPTS) return undefined;
    if (this.#asked[method] === 1) this.#tried.push(method);
    if (method === 'password') {
      const password = await this.#ask(`Password of ${username}@${this.#hop.alias}: `, { echo: false });
      return { type: 'password', username, password };
    }
    const prompt = (name: string, text: string, _language: string, prompts: Prompt[], done: Answer) =>
      void this.#answers(name, text, prompts, done);
    return { type: 'keyboard-interactive', username, prompt };
  }

  /** A key that the server accepts, but that cannot sign. */
  #unused(key: Identity, problem: Error): void {
    this.#tried.splice(this.#tried.indexOf(key.label), 1);
    this.#notTried.push(`${key.label}: ${problem.message}`);
    if (problem instanceof DynSlurmError) this.failure = problem;
  }

  /** Questions are shown as the server words them. */
  async #answers(name: string, text: string, prompts: readonly Prompt[], done: Answer): Promise<void> {
    const { alias, user } = this.#hop;
    const answers: string[] = [];
    try {
      const heading = [name, text].filter((line) => line.trim() !== '').join('\n');
      for (const [index, { prompt, echo = false }] of prompts.entries()) {
        const above = index === 0 && heading !== '' ? `${heading}\n` : '';
        answers.push((await this.#ask?.(`${above}(${user}@${alias}) ${prompt}`, { echo })) ?? '');
      }
    } catch (error) {
      this.failure = error;
      done([]);
      return;
    }
    done(answers);
  }

  #withBanner(question: string): string {
    const banner = this.#banner.trim();
    this.#banner = '';
    const lines = (banner === '' ? question : `${banner}\n${question}`).split('\n');
    return lines.map(plainText).join('\n');
  }
}

type Answer = (answers: string[]) => void;

/** An agent that has one key: ssh2 offers it, and asks for a signature only when the server has accepted it. */
class OneKey extends ssh2.BaseAgent<ParsedKey> {
  readonly #identity: Identity;
  readonly #onProblem: (problem: Error) => void;

  constructor(identity: Identity, onProblem: (problem: Error) => void) {
    super();
    this.#identity = identity;
    this.#onProblem = onProblem;
  }

  override getIdentities(done: (error: undefined, keys: ParsedKey[]) => void): void {
    done(undefined, [this.#identity.publicKey]);
  }

  override sign(_key: ParsedKey, data: Buffer, ...rest: readonly unknown[]): void {
    const done = rest.at(-1) as (error: Error | undefined, signature?: Buffer) => void;
    const hash = rest.length > 1 ? (rest[0] as { hash?: string } | undefined)?.hash : undefined;
    this.#identity.sign(data, hash).then(
      (signature) => done(undefined, signature),
      (error: Error) => {
        this.#onProblem(error);
        done(error);
      },
    );
  }
}
