import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ServicePart } from './parts.ts';
import type { Settings } from './settings.ts';

/** Name under which the models are served. */
export const SERVED = 'tested';

export function modelPath({ work, cpu }: Settings, model: ServicePart['model']): string {
  return join(work, 'models', kindOf(model, cpu));
}

/** The kind of models.py. */
export function kindOf(model: ServicePart['model'], cpu: boolean): string {
  if (!cpu) return model;
  return model === 'moe' ? 'tiny-moe' : 'tiny';
}

/** Writes a config as its user would; its path. */
export function writeConfig(
  name: string,
  config: Readonly<Record<string, unknown>>,
  settings: Settings,
  model: ServicePart['model'] = 'dense',
): string {
  const whole = {
    name,
    gpu: 'any',
    model: { path: modelPath(settings, model), served_name: SERVED },
    ...(settings.engine !== 'sglang' && { engine: settings.engine }),
    slurm: { time: '30m' },
    observe: { interval: '1s', metrics: '1s', gpu_log: 'nvidia-smi' },
    ...config,
  };
  const folder = join(settings.work, 'configs');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, stringify(whole));
  return path;
}
