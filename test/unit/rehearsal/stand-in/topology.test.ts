import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { topologyText } from '../../../../src/rehearsal/slurm/topology.ts';

test('a site’s topology.conf is shown in the words of scontrol', () => {
  const folder = mkdtempSync(join(tmpdir(), 'topology-'));
  expect(topologyText(folder)).toBe('No topology information available\n');
  const file = (text: string) => writeFileSync(join(folder, 'topology.conf'), text);
  file('# racks\nBlockName=rack1 Nodes=hpc-[1,3]\nBlockName=rack2 Nodes=hpc-[2,4]\nBlockSizes=2\n');
  expect(topologyText(folder)).toBe(
    'BlockName=rack1 BlockIndex=0 Nodes=hpc-[1,3] BlockSize=2\nBlockName=rack2 BlockIndex=1 Nodes=hpc-[2,4] BlockSize=2\n',
  );
  file('SwitchName=s0 Nodes=n[0-1]\nSwitchName=s1 Switches=s0\n');
  expect(topologyText(folder)).toBe('SwitchName=s0 Level=0 LinkSpeed=1 Nodes=n[0-1]\n');
});
