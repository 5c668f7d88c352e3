import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());

/**
 * What a node says of its address whose `ip` answers so: the default routes, and a line `INDEX: NAME inet …` for each
 * address, as iproute2 6.1 writes them.
 */
async function address(routes: string, addresses: readonly string[], ...wanted: readonly string[]) {
  run.file('routes', routes);
  run.file('addresses', `${addresses.join('\n')}\n`);
  run.program(
    'ip',
    `case "$*" in
  "-4 route show default") cat "$RUN_DIR/routes" ;;
  "-4 -o addr show dev "*) grep -E "^[0-9]+: $6(@[^ ]+)? " "$RUN_DIR/addresses" ;;
  "-4 -o addr show scope global") cat "$RUN_DIR/addresses" ;;
esac`,
  );
  const { out } = await run.node(['MARK', ...wanted], { DYN_SLURM_NODES: 'n1', SLURMD_NODENAME: 'n1' });
  return out
    .split('\n')
    .filter((line) => !line.includes(' clock '))
    .map((line) => line.replace('MARK n1 ', ''))
    .filter((line) => line !== '');
}

const LO = '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever';
const on = (name: string, cidr: string, more = '') =>
  `2: ${name}    inet ${cidr} brd 10.255.255.255 scope global ${more}${name}\\       valid_lft forever`;

test('auto: the address on the interface of the default route', async () => {
  const addresses = [LO, on('eth0', '10.0.0.11/24', 'dynamic '), on('ib0', '10.1.0.11/16')];
  expect(await address('default via 10.0.0.1 dev eth0 proto dhcp metric 100 \n', addresses, 'auto')).toEqual([
    'address 10.0.0.11 eth0',
  ]);
});

test('auto: of several default routes the one with the lowest metric', async () => {
  const routes = 'default via 10.0.0.1 dev eth0 metric 600 \ndefault via 10.1.0.1 dev bond0 metric 100 \n';
  const addresses = [on('eth0', '10.0.0.11/24'), on('bond0', '10.1.0.11/24')];
  expect(await address(routes, addresses, 'auto')).toEqual(['address 10.1.0.11 bond0']);
  const without = 'default via 10.1.0.1 dev bond0 metric 100 \ndefault via 10.0.0.1 dev eth0 \n';
  expect(await address(without, addresses, 'auto')).toEqual(['address 10.0.0.11 eth0']);
});

test('auto: the source that a route names, on the interface that has it', async () => {
  const addresses = [LO, on('eth0', '10.0.0.11/24'), on('eth0', '10.9.0.11/24')];
  expect(await address('default via 10.0.0.1 dev eth0 src 10.0.0.11 \n', addresses, 'auto')).toEqual([
    'address 10.0.0.11 eth0',
  ]);
  expect(await address('default via 10.9.0.1 dev eth0 src 10.9.0.11 \n', addresses, 'auto')).toEqual([
    'warning has 10.9.0.11 on eth0 behind 10.0.0.11, so NCCL and Gloo, which take the first address of an interface, are not told to use eth0',
    'address 10.9.0.11 ',
  ]);
});

const ECMP = (src: string) =>
  `default proto bgp ${src}metric 20 \n\tnexthop via 169.254.1.1 dev eth0 weight 1 \n\tnexthop via 169.254.2.1 dev eth1 weight 1 \n`;
const LINKS = [
  '2: eth0    inet 169.254.1.2/31 scope link eth0\\       valid_lft forever',
  '3: eth1    inet 169.254.2.2/31 scope link eth1\\       valid_lft forever',
];

test.each([
  ['named', 'src 10.20.0.5 '],
  ['not named', ''],
])('auto: over several links the address is on lo, %s as source', async (_, src) => {
  expect(await address(ECMP(src), [LO, on('lo', '10.20.0.5/32'), ...LINKS], 'auto')).toEqual([
    'warning has 10.20.0.5 on lo behind 127.0.0.1, so NCCL and Gloo, which take the first address of an interface, are not told to use lo',
    'address 10.20.0.5 ',
  ]);
});

test('auto: several links with an address each are no choice', async () => {
  const addresses = [on('eth0', '10.1.0.5/24'), on('eth1', '10.2.0.5/24')];
  expect(await address(ECMP(''), addresses, 'auto')).toEqual([
    'problem has a default route over several interfaces, each with an address (10.1.0.5 10.2.0.5); write one of their names, or a subnet, as `interface` in the cluster profile',
  ]);
});

test('auto: of two addresses the one in the network of the gateway, wherever it stands', async () => {
  const route = 'default via 10.0.0.1 dev bond0 \n';
  const two = [on('bond0', '10.0.0.11/24'), on('bond0', '10.9.0.11/16')];
  expect(await address(route, two, 'auto')).toEqual(['address 10.0.0.11 bond0']);
  expect(await address(route, two.toReversed(), 'auto')).toEqual([
    expect.stringMatching(/^warning has 10\.0\.0\.11 on bond0 behind 10\.9\.0\.11/),
    'address 10.0.0.11 ',
  ]);
  expect(await address('default dev bond0 scope link \n', two, 'auto')).toEqual([
    'problem has several addresses on interface bond0 (10.0.0.11 10.9.0.11); write the subnet of one, such as 10.0.0.11/24, as `interface` in the cluster profile',
  ]);
});

test('a secondary address is passed over', async () => {
  const addresses = [on('eth0', '10.0.0.11/24'), on('eth0', '10.0.0.99/24', 'secondary ')];
  expect(await address('', addresses, 'eth0')).toEqual(['address 10.0.0.11 eth0']);
});

test('auto without a default route', async () => {
  expect(await address('', [on('eth0', '10.0.0.11/24')], 'auto')).toEqual([
    'problem has no default route that would name an interface; write its name, or a subnet, as `interface` in the cluster profile',
  ]);
});

test('names, globs and subnets: the first that the node has', async () => {
  const addresses = [
    LO,
    on('ib10', '10.2.10.1/24'),
    on('ib2', '10.2.2.1/24'),
    on('eth0@if7', '10.0.0.11/24'),
  ];
  const wanted = (...interfaces: string[]) => address('', addresses, ...interfaces);
  expect(await wanted('eth0')).toEqual(['address 10.0.0.11 eth0']);
  expect(await wanted('bond0', 'ib2')).toEqual(['address 10.2.2.1 ib2']);
  expect(await wanted('ib*')).toEqual(['address 10.2.2.1 ib2']);
  expect(await wanted('10.0.0.0/16', 'ib2')).toEqual(['address 10.0.0.11 eth0']);
  expect(await wanted('192.168.0.0/16', '10.2.10.0/24')).toEqual(['address 10.2.10.1 ib10']);
  expect(await wanted('ib7', 'eno*')).toEqual([
    'problem has no IPv4 address on an interface that fits `interface: ib7 eno*` of the cluster profile',
  ]);
});

test('a node without ip says so', async () => {
  const bash = '/bin/bash';
  run.program('date', 'exec /bin/date "$@"');
  run.program('sed', 'exec /bin/sed "$@"');
  const { out } = await run.bash(
    `type() { [[ $* == '-P ip' ]] && return 1; builtin type "$@"; }; export -f type
DYN_SLURM_RUNTIME_FILES=node/address.sh SLURMD_NODENAME=n1 DYN_SLURM_NODES=n1 ${bash} ${import.meta.dirname}/../../../templates/node.sh MARK auto`,
  );
  expect(out).toMatch(
    /^MARK n1 problem has no program ip \(of iproute2\), neither on PATH nor in \/usr\/sbin or \/sbin\nMARK n1 clock \d+\n$/,
  );
});
