import { type GpuModel, gpuModel } from '../../config/schema/gpu.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import { type Problem, warning } from '../../config/yaml/problem.ts';

/** Words in the names of images that hold the libraries of one vendor: `rocm/sgl-dev`, `v0.5.14-cu130`, `nvcr.io/…`. */
const OF_VENDOR: Readonly<Record<GpuModel['vendor'], RegExp>> = {
  amd: /(^|[^a-z])rocm|mi3\d\dx?\b/i,
  nvidia: /(^|[^a-z])(cu1[2-9](\.?\d){0,3}|cuda)([^a-z]|$)|(^|\/)nvcr\.io\b/i,
};
const NAMES = { amd: 'AMD', nvidia: 'NVIDIA' } as const;

/** What belongs to GPUs of another vendor than the job's. */
export function* checkGpuVendor({ gpu, container, observe }: JobConfig): Generator<Problem> {
  const model = gpuModel(gpu);
  if (model === undefined || model.name === 'any') return;
  const { vendor } = model;
  const other = vendor === 'amd' ? 'nvidia' : 'amd';
  const image = container?.image ?? '';
  if (OF_VENDOR[other].test(image) && !OF_VENDOR[vendor].test(image)) {
    yield warning(
      ['container', 'image'],
      `is an image for GPUs of ${NAMES[other]} by its name, but ${gpu} is one of ${NAMES[vendor]}`,
      vendor === 'amd' ? 'use an image for ROCm' : 'use an image for CUDA',
    );
  }
  const log = observe.gpu_log;
  const logged = log === 'amd-smi' ? 'amd' : 'nvidia';
  if (log !== 'none' && logged !== vendor) {
    yield warning(
      ['observe', 'gpu_log'],
      `${log} knows the GPUs of ${NAMES[logged]} only, but ${gpu} is one of ${NAMES[vendor]}`,
      `use ${vendor === 'amd' ? 'amd-smi' : 'nvidia-smi'}; the log would stay empty`,
    );
  }
}
