import type { Role } from '../config/schema.ts';
import type { ProcessEnd } from './event.ts';
import { duration, fields, list, number, text } from './foreign.ts';

/** What only the supervisor of an interactive session tells; see docs/allocate.md. */
export type SessionEventBody =
  /** Infrastructure and frontends answer, and commands are taken from here on. */
  | { readonly kind: 'session-open'; readonly seconds: number }
  /** A supervisor has taken over from one that is gone, with the steps that it found running. */
  | { readonly kind: 'session-resumed'; readonly adopted: readonly string[] }
  /** A command has been taken; others wait until its `answer`. */
  | {
      readonly kind: 'command';
      /** Its id. */
      readonly command: string;
      readonly verb: string;
      readonly steps: readonly string[];
      /** Who gave it: user, host and process. */
      readonly from: string;
    }
  | {
      readonly kind: 'answer';
      readonly command: string;
      readonly outcome: 'done' | 'refused';
      readonly reason: string;
    }
  /** From now on the step runs a changed command; `none`: the config's again. */
  | { readonly kind: 'step-changed'; readonly step: string; readonly change: string }
  /** A step was told to end by a command, and has. */
  | { readonly kind: 'step-stopped'; readonly step: string; readonly role?: Role }
  /** A step has ended by itself; the session goes on. */
  | ({ readonly kind: 'step-ended'; readonly reason: string } & Partial<ProcessEnd> & {
        readonly step: string;
      })
  /** A worker or a frontend answers, `seconds` after it was started. */
  | { readonly kind: 'step-serving'; readonly step: string; readonly role?: Role; readonly seconds: number };

/** What makes an event of its kind. */
export const SESSION_FIELDS = {
  'session-open': fields({ seconds: duration }),
  'session-resumed': fields({ adopted: list(text) }),
  command: fields({ command: text, verb: text, steps: list(text), from: text }),
  answer: fields({ command: text, outcome: text, reason: text }),
  'step-changed': fields({ step: text, change: text }),
  'step-stopped': fields({ step: text }, { role: text }),
  'step-ended': fields(
    { step: text, reason: text },
    { role: text, node: text, rank: number, exit: number, signal: text, line: text },
  ),
  'step-serving': fields({ step: text, seconds: duration }, { role: text }),
} as const;
