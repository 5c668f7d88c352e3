import type { DirectiveValue } from '../../config/compat/sbatch-options.ts';

/** GPUs that one option of a job asks for. */
export interface GpuRequest {
  /** What the number counts: GPUs of a node, of the whole job, or of a socket. */
  readonly of: 'node' | 'job' | 'socket';
  readonly count: number;
  /** The GPU types that it names, as a site's gres.conf does. */
  readonly types: readonly string[];
}

/** The job has one task a node, so a number for each task is one for each node. */
const OPTIONS: ReadonlyMap<string, { readonly of: GpuRequest['of']; readonly mixed: boolean }> = new Map([
  ['gpus', { of: 'job', mixed: false }],
  ['gpus-per-node', { of: 'node', mixed: false }],
  ['gpus-per-task', { of: 'node', mixed: false }],
  ['gpus-per-socket', { of: 'socket', mixed: false }],
  ['gres', { of: 'node', mixed: true }],
  ['tres-per-job', { of: 'job', mixed: true }],
  ['tres-per-node', { of: 'node', mixed: true }],
  ['tres-per-socket', { of: 'socket', mixed: true }],
  ['tres-per-task', { of: 'node', mixed: true }],
]);

/**
 * What an option asks of GPUs; undefined where it asks for none. `gres` and `tres-…` list other things too. A number may
 * stand after `:` or `=`, and after a type; without one, it is 1. `(S:0-1)` at the end names sockets.
 */
export function gpuRequest(option: string, value: DirectiveValue): GpuRequest | undefined {
  const form = OPTIONS.get(option);
  if (form === undefined) return undefined;
  const items = split(String(value)).flatMap((item) => {
    const text = item.replace(/\([^)]*\)$/, '').replace(/^gres[:/]/, '');
    if (!form.mixed) return [text.replace(/^gpu[:=]/, '')];
    return /^gpu(?=$|[:=])/.test(text) ? [text.slice('gpu'.length + 1)] : [];
  });
  if (items.length === 0) return undefined;
  const parts = items.map((item) => {
    const [, type = '', number] = /^(.*?)(?:(?:^|[:=])(\d+))?$/.exec(item) ?? [];
    return { type, count: number === undefined ? 1 : Number(number) };
  });
  return {
    of: form.of,
    count: parts.reduce((sum, { count }) => sum + count, 0),
    types: parts.flatMap(({ type }) => (type === '' ? [] : [type])),
  };
}

/** At commas, but not at those of sockets: `gpu:h100:4(S:0,1),nvme`. */
function split(list: string): readonly string[] {
  return list.split(/,(?![^(]*\))/).map((item) => item.trim());
}
