import { alternatives, nearest } from '../../config/text/suggestion.ts';
import type { Findings } from '../finding.ts';
import type { Submission } from './submit.ts';

/** `gb200-fp8` with the variant `max-tpt` ran scripts/gb200-fp8/disagg/max-tpt.sh; before there were variants, scripts/gb200-fp8.sh. */
export function topology(
  { options, place }: Submission,
  agg: boolean,
  topologies: readonly string[],
  findings: Findings,
): string {
  const gpu = options.get('gpu-type');
  const variant = options.get('script-variant');
  const name = gpu?.text ?? 'gb200-fp8';
  const mode = agg || /agg\.j2$/.test(options.get('template')?.text ?? '') ? 'agg' : 'disagg';
  const early = `legacy-${name}`;
  const wanted = [
    ...(options.has('template') && variant === undefined ? [early] : []),
    `${name}-${mode}-${variant?.text ?? 'default'}`,
    `${name}-${variant?.text ?? 'default'}`,
    ...(variant === undefined ? [early] : []),
  ];
  const found = wanted.find((one) => topologies.includes(one));
  if (found !== undefined) return found;
  const [first = name] = wanted.slice(-3);
  const near =
    nearest(first, topologies) ?? topologies.filter((one) => one.startsWith(`${name}-`)).slice(0, 5);
  findings.refuse(
    (variant ?? gpu)?.place ?? place,
    `no published topology has the arguments of ${name}${variant ? `, variant ${variant.text}` : ''}`,
    near.length > 0
      ? `there are ${alternatives([near].flat(), 'and')}`
      : '`dyn-slurm topologies` lists those that there are',
  );
  return first;
}
