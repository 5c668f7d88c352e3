import type { Job, Provenance } from '../config/job.ts';
import { type Resolved, type ResolveInput, resolveJob } from '../config/resolve.ts';
import { checkDirectives } from '../config/rules/directives.ts';
import type { Diagnostic } from '../config/yaml/diagnostic.ts';
import type { Problem } from '../config/yaml/problem.ts';
import { assemble } from './assemble.ts';
import { findCauses } from './blame.ts';
import type { Plan } from './plan.ts';
import { checkRules } from './rules/check-rules.ts';

/** A config, planned. All but the diagnostics is absent where one of them is an error. */
export interface PlannedConfig {
  readonly job?: Job;
  readonly plan?: Plan;
  /** Gives a further problem of the job its place in the files. */
  readonly locateProblem?: (problem: Problem) => Diagnostic;
  /** What its published topology says of itself. */
  readonly notes?: readonly string[];
  /** The config and what comes over it, as one text that gives the same job. */
  readonly flatText?: () => string;
  readonly diagnostics: readonly Diagnostic[];
  readonly provenance: readonly Provenance[];
}

/** Reads a config, checks it and plans it. Pure, and never throws for anything that the files hold. */
export function planConfig(input: ResolveInput): PlannedConfig {
  const resolved = resolveJob(input);
  if ('diagnostics' in resolved) return { ...resolved, provenance: [] };
  const { job, topologyLost, locateProblem, notes, text } = resolved;
  if (job === undefined) return { diagnostics: resolved.diagnose(resolved.reliable([])), provenance: [] };
  const { problems, placement } = topologyLost
    ? // The other rules would ask for what its topology has.
      { problems: [...checkDirectives(job, job.cluster)], placement: undefined }
    : checkRules(job);
  const reliable = resolved.reliable(problems);
  const diagnostics = resolved.diagnose(
    topologyLost
      ? reliable
      : findCauses(input, { resolved, problems: reliable, placed: placement !== undefined }, rule),
  );
  if (!placement || diagnostics.some(({ severity }) => severity === 'error'))
    return { diagnostics, provenance: [] };
  const plan = assemble(job, placement, problems);
  return { job, plan, diagnostics, provenance: resolved.provenance(), locateProblem, notes, flatText: text };
}

function rule(resolved: Resolved) {
  if (resolved.job === undefined || resolved.topologyLost) return { problems: [], placed: false };
  const { problems, placement } = checkRules(resolved.job);
  return { problems: resolved.reliable(problems), placed: placement !== undefined };
}
