import type { Role } from '../config/schema.ts';
import type { ProcessEnd } from './event.ts';

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

/** The fields that make an event of its kind. */
export const SESSION_FIELDS = {
  'session-open': { seconds: 'number' },
  'session-resumed': { adopted: 'list' },
  command: { command: 'string', verb: 'string', steps: 'list', from: 'string' },
  answer: { command: 'string', outcome: 'string', reason: 'string' },
  'step-changed': { step: 'string', change: 'string' },
  'step-stopped': { step: 'string' },
  'step-ended': { step: 'string', reason: 'string' },
  'step-serving': { step: 'string', seconds: 'number' },
} as const;
