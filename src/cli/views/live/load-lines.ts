import type { ServiceEventOf } from '../../../run/service-event.ts';
import { loadText } from '../service-text.ts';
import { type History, meanOf, remembered } from './history.ts';

/** Milliseconds between lines on a load that goes on. */
const EVERY = 10_000;

/** Turns a load's events into lines: one in ten seconds with the means since the last, and one when it falls idle. */
export class LoadLines {
  #history: History = [];
  #said = 0;
  #text = '';

  /** Undefined where there is nothing to say yet, or nothing new. */
  hear(load: ServiceEventOf<'load'>, mock: boolean): string | undefined {
    const time = Date.parse(load.time);
    this.#history = remembered(this.#history, load);
    if (this.#said === 0) this.#said = time - load.seconds * 1000;
    if (time - this.#said < EVERY) return undefined;
    const rates = meanOf(this.#history, time - this.#said, time);
    const text = loadText({ ...load, ...rates }, mock);
    this.#said = time;
    if (text === this.#text) return undefined;
    this.#text = text;
    return text;
  }
}
