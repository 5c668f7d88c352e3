import { afterEach, beforeEach, expect, test } from 'vitest';
import { ANSWERING, RunFolder } from './run-folder.ts';

let run: RunFolder;
beforeEach(() => {
  run = new RunFolder();
});
afterEach(() => run.dispose());

/** Slurm's topology as it prints it, of nodes that are listed by their names. */
function scontrol(nodes: readonly string[], topology: readonly string[]): void {
  run.file('topology', topology.map((line) => `${line}\n`).join(''));
  run.program(
    'scontrol',
    `case "$2 $3" in
  topology*) cat "$RUN_DIR/topology" ;;
  "hostnames x") printf '%s\\n' ${nodes.join(' ')} ;;
  *) echo "$3" | tr , '\\n' ;;
esac`,
  );
}

/** The order of the nodes, once workers with several nodes are known, in the order in which they choose. */
async function order(spans: readonly string[]): Promise<string> {
  run.program('srun', 'exit 1');
  const { out } = await run.bash(
    `SLURM_JOB_NODELIST=x; ${spans.map((words) => `span ${words}`).join('; ')}
mapfile -t NODE < <(scontrol show hostnames x); seat_nodes; echo "\${NODE[*]}"`,
  );
  return out.trim();
}

const block = (name: string, nodes: string) => `BlockName=${name} BlockIndex=0 Nodes=${nodes} BlockSize=2`;
const four = ['h1', 'h2', 'h3', 'h4'];

test('workers lie within racks, whatever the nodes are called', async () => {
  scontrol(four, [block('rack1', 'h1,h3'), block('rack2', 'h2,h4')]);
  expect(await order(['prefill-0 0 1', 'decode-0 2 3'])).toBe('h1 h3 h2 h4');
});

test('leaf switches count where there are no blocks, and switches of switches do not', async () => {
  scontrol(four, [
    'SwitchName=s0 Level=0 LinkSpeed=1 Nodes=h1,h4',
    'SwitchName=s1 Level=0 LinkSpeed=1 Nodes=h2,h3',
    'SwitchName=s2 Level=1 LinkSpeed=1 Nodes=h1,h2,h3,h4 Switches=s0,s1',
  ]);
  expect(await order(['prefill-0 0 1', 'decode-0 2 3'])).toBe('h1 h4 h2 h3');
});

test('without topology, or in one rack, the order is Slurm’s', async () => {
  scontrol(four, ['slurm_load_topology: no topology']);
  expect(await order(['prefill-0 0 1'])).toBe('h1 h2 h3 h4');
  scontrol(four, [block('rack1', 'h1,h2,h3,h4')]);
  expect(await order(['prefill-0 0 1'])).toBe('h1 h2 h3 h4');
});

test('a head node of its own stays the first, and large workers choose first', async () => {
  const nodes = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h7'];
  scontrol(nodes, [block('a', 'h1,h2,h4'), block('b', 'h3,h5,h6,h7')]);
  // Node 0 is dedicated; three nodes and two, of which only one order fits.
  expect(await order(['decode-0 3 4 5', 'prefill-0 1 2'])).toBe('h1 h2 h4 h3 h5 h6 h7');
  expect(await order(['decode-0 3 4 5 6', 'prefill-0 1 2'])).toBe('h1 h2 h4 h3 h5 h6 h7');
});

test('a worker that fits nowhere gets what is left', async () => {
  scontrol(four, [block('a', 'h1'), block('b', 'h2,h3,h4')]);
  expect(await order(['prefill-0 0 1', 'decode-0 2 3'])).toBe('h1 h2 h3 h4');
});

// srun numbers the nodes of a step so, whatever its --nodelist says; a task elsewhere than planned does not start.
test('the nodes of a worker keep Slurm’s order, also where they are in several racks', async () => {
  scontrol(four, [block('a', 'h1,h4'), block('b', 'h2,h3')]);
  expect(await order(['decode-0 0 1 2 3'])).toBe('h1 h2 h3 h4');
  expect(await order(['decode-0 1 2 3'])).toBe('h1 h2 h3 h4');
});

test('where any order keeps all workers whole, it is found', async () => {
  const names = Array.from({ length: 13 }, (_, index) => `h${index + 1}`);
  // Three and three, two and two: the first of three must not take the rack that it would fill best.
  scontrol(names, [block('a', 'h1,h2,h3,h8,h9,h10,h11'), block('b', 'h4,h5,h6,h7,h12,h13')]);
  const spans = ['p-0 0 1 2', 'd-0 3 4 5', 'd-1 6 7 8', 'e-0 9 10', 'e-1 11 12'];
  expect(await order(spans)).toBe('h1 h2 h3 h4 h5 h6 h7 h12 h13 h8 h9 h10 h11');
});

test('of workers that do not all fit as few as possible are split, and soon', async () => {
  const names = Array.from({ length: 36 }, (_, index) => `h${index + 1}`);
  const racks = [0, 1, 2].map((rack) => names.filter((_, index) => index % 3 === rack));
  scontrol(
    names,
    racks.map((hosts, index) => block(`r${index}`, hosts.join(','))),
  );
  // Five of seven in racks of twelve: three are whole.
  const spans = Array.from({ length: 5 }, (_, at) =>
    ['w', ...Array.from({ length: 7 }, (_, node) => at * 7 + node)].join(' '),
  );
  const given = (await order(spans)).split(' ');
  expect([...given].sort()).toEqual([...names].sort());
  const whole = spans.filter((_, at) => {
    const hosts = given.slice(at * 7, at * 7 + 7);
    return racks.some((rack) => hosts.every((host) => rack.includes(host)));
  });
  expect(whole).toHaveLength(3);
});

/** Settles and binds four nodes, which name these domains. */
async function bind(domains: readonly string[], segment: number, spans = ['decode-0 0 1', 'decode-1 2 3']) {
  const lines = four.flatMap((host, index) => [
    `${host} address 10.0.0.${index + 1} e0`,
    ...(domains[index] ? [`${host} domain ${domains[index]}`] : []),
    `${host} clock NOW`,
  ]);
  run.file('preflight.sh', '');
  run.file('answers', `${lines.join('\n')}\n`);
  run.program(
    'srun',
    `${ANSWERING}echo asked >>"$RUN_DIR/asked"; sed "s/NOW/$(date +%s%3N)/; s/^/$mark /" "$RUN_DIR"/answers`,
  );
  const { out } = await run.bash(
    `SLURM_JOB_NODELIST=x ASK_AGAIN=(); trap 'echo "$OUTCOME: $REASON"' EXIT
${spans.map((words) => `span ${words}`).join('; ')}; RACKS=1 SEGMENT=${segment}
find_nodes 4 auto; bind_nodes; echo "$DYN_SLURM_NODES"; wc -l <"$RUN_DIR/asked"`,
  );
  const said = out.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  return { said, events: run.events().map(({ time: _, ...event }) => event) };
}

test('what the nodes say of their NVLink domains goes before Slurm’s topology, and they are asked once more', async () => {
  scontrol(four, [block('rack1', 'h1,h2'), block('rack2', 'h3,h4')]);
  const { said, events } = await bind(['u.1', 'u.2', 'u.1', 'u.2'], 2);
  expect(said.slice(0, 2)).toEqual(['h1 h3 h2 h4', '2']);
  expect(events).toMatchObject([
    { kind: 'preflight', problems: [], warnings: [] },
    { kind: 'nodes-bound', nodes: ['h1', 'h3', 'h2', 'h4'].map((host, index) => ({ index, host })) },
  ]);
});

test('a worker in two domains is a warning with names', async () => {
  scontrol(four, []);
  const { events } = await bind(['u.1', 'u.1', 'u.1', 'u.2'], 0);
  expect(events.filter(({ kind }) => kind === 'warning')).toEqual([
    {
      kind: 'warning',
      step: 'decode-1',
      reason:
        'decode-1 is spread over 2 NVLink domains (h3 in u.1; h4 in u.2), between which its ranks talk over the slower network',
    },
  ]);
});

test('with a segment it ends the job', async () => {
  scontrol(four, [block('rack1', 'h1,h2,h3'), block('rack2', 'h4')]);
  const { said } = await bind([], 2);
  expect(said.at(-1)).toBe(
    'failed: decode-1 is spread over 2 blocks (h3 in rack1; h4 in rack2), between which its ranks talk over the slower network, though slurm.segment is 2',
  );
});

test('switches are racks, too, where NVLink reaches from node to node', async () => {
  scontrol(four, [
    'SwitchName=s0 Level=0 LinkSpeed=1 Nodes=h1,h2,h3',
    'SwitchName=s1 Level=0 LinkSpeed=1 Nodes=h4',
  ]);
  const { events } = await bind([], 0);
  expect(events.filter(({ kind }) => kind === 'warning')).toMatchObject([
    {
      reason:
        'decode-1 is spread over 2 switches (h3 in s0; h4 in s1), between which its ranks talk over the slower network',
    },
  ]);
});
