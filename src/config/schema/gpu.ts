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
}

/**
 * HGX boards carry eight GPUs behind NVSwitch (HGX A100, H100, H200, H20, B200, B300: NVIDIA's datasheets). AMD's Instinct
 * MI355X come in eights, too, joined by Infinity Fabric instead of NVLink. GB200
 * NVL72 and GB300 NVL72 are racks of 18 compute trays with four GPUs and two Grace (Arm) CPUs each, one
 * NVLink domain of 72; a tray is a Slurm node. An L40S has no NVLink, and OVX nodes hold up to eight. `any`
 * is for topologies that fit every model, and stands for the commonest node.
 */
export const GPUS: Readonly<Record<string, GpuModel>> = {
  h100: { name: 'h100', perNode: 8, nvlinkDomain: 8, arch: 'x86_64' },
  h200: { name: 'h200', perNode: 8, nvlinkDomain: 8, arch: 'x86_64' },
  b200: { name: 'b200', perNode: 8, nvlinkDomain: 8, arch: 'x86_64' },
  b300: { name: 'b300', perNode: 8, nvlinkDomain: 8, arch: 'x86_64' },
  h20: { name: 'h20', perNode: 8, nvlinkDomain: 8, arch: 'x86_64' },
  gb200: { name: 'gb200', perNode: 4, nvlinkDomain: 72, arch: 'aarch64' },
  gb300: { name: 'gb300', perNode: 4, nvlinkDomain: 72, arch: 'aarch64' },
  a100: { name: 'a100', perNode: 8, nvlinkDomain: 8, arch: 'x86_64' },
  l40s: { name: 'l40s', perNode: 8, nvlinkDomain: 1, arch: 'x86_64' },
  mi355x: { name: 'mi355x', perNode: 8, nvlinkDomain: 8, arch: 'x86_64' },
  any: { name: 'any', perNode: 8, nvlinkDomain: 8, arch: 'x86_64' },
};

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
