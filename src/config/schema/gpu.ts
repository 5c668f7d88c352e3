/** A GPU model as a site's nodes hold it. */
export interface GpuModel {
  readonly name: string;
  /** GPUs of one node, as Slurm sees a node. `gpus_per_node` of a cluster profile overrides it. */
  readonly perNode: number;
  /**
   * GPUs that reach each other over NVLink; more than `perNode` where a rack is one domain, 1 without NVLink.
   */
  readonly nvlinkDomain: number;
  readonly arch: 'x86_64' | 'aarch64';
  /** GB (10⁹ bytes) of one GPU; absent where it is not one model. */
  readonly memory?: number;
  readonly vendor: 'nvidia' | 'amd';
}

/**
 * Memory is that of the largest variant, from the vendors' datasheets (NVIDIA: A100, H100, H200, L40S; HGX B200 and B300;
 * GB200 NVL72 and GB300 NVL72, divided by 72. H20 has no public one: SGLang's and vLLM's recipes name 96 and 141 GB. AMD:
 * Instinct MI355X).
 *
 * HGX boards carry eight GPUs behind NVSwitch (HGX A100, H100, H200, H20, B200, B300). MI355X come in eights, too, joined
 * by Infinity Fabric instead of NVLink. GB200 NVL72 and GB300 NVL72 are racks of 18 compute trays with four GPUs and two
 * Grace (Arm) CPUs each, one NVLink domain of 72; a tray is a Slurm node. An L40S has no NVLink, and OVX nodes hold up to
 * eight. `any` is for topologies that fit every model, and stands for the commonest node.
 */
export const GPUS: Readonly<Record<string, GpuModel>> = {
  h100: hgx('h100', 80),
  h200: hgx('h200', 141),
  b200: hgx('b200', 192),
  b300: hgx('b300', 288),
  h20: hgx('h20', 141),
  gb200: { ...hgx('gb200', 192), perNode: 4, nvlinkDomain: 72, arch: 'aarch64' },
  gb300: { ...hgx('gb300', 288), perNode: 4, nvlinkDomain: 72, arch: 'aarch64' },
  a100: hgx('a100', 80),
  l40s: { ...hgx('l40s', 48), nvlinkDomain: 1 },
  mi355x: { ...hgx('mi355x', 288), vendor: 'amd' },
  any: { name: 'any', perNode: 8, nvlinkDomain: 8, arch: 'x86_64', vendor: 'nvidia' },
};

/** `memory` in GB. */
function hgx(name: string, memory: number): GpuModel {
  return { name, memory, perNode: 8, nvlinkDomain: 8, arch: 'x86_64', vendor: 'nvidia' };
}

export function gpuModel(name: string): GpuModel | undefined {
  return Object.hasOwn(GPUS, name) ? GPUS[name] : undefined;
}

/**
 * GPUs of one of the job's nodes; undefined for an unknown model whose count the site does not give either.
 */
export function gpusPerNode(
  gpu: string,
  cluster: { readonly gpus_per_node?: number | undefined },
): number | undefined {
  return cluster.gpus_per_node ?? gpuModel(gpu)?.perNode;
}

/**
 * The variable by which a process sees some of its node's GPUs only. HIP's is relative to ROCR_VISIBLE_DEVICES, which Slurm
 * sets for AMD's GPUs: https://rocm.docs.amd.com/en/latest/conceptual/gpu-isolation.html
 */
export function visibleDevices(gpu: string): 'CUDA_VISIBLE_DEVICES' | 'HIP_VISIBLE_DEVICES' {
  return gpuModel(gpu)?.vendor === 'amd' ? 'HIP_VISIBLE_DEVICES' : 'CUDA_VISIBLE_DEVICES';
}
