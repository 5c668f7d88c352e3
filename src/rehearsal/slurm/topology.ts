import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What scontrol shows of a site's topology.conf, which lies in the stand-in's folder: blocks and leaf switches, in the words
 * of Slurm 24.05. https://slurm.schedmd.com/topology.conf.html
 */
export function topologyText(folder: string): string {
  let text: string;
  try {
    text = readFileSync(join(folder, 'topology.conf'), 'utf8');
  } catch {
    return 'No topology information available\n';
  }
  const size = /^BlockSizes=(\d+)/m.exec(text)?.[1] ?? '1';
  return [...text.matchAll(/^(BlockName|SwitchName)=(\S+)\s+Nodes=(\S+)/gm)]
    .map(([, kind, name, nodes], index) =>
      kind === 'BlockName'
        ? `BlockName=${name} BlockIndex=${index} Nodes=${nodes} BlockSize=${size}\n`
        : `SwitchName=${name} Level=0 LinkSpeed=1 Nodes=${nodes}\n`,
    )
    .join('');
}
