import process from 'node:process';
import { boxPid } from './box.ts';
import type { Cluster } from './cluster.ts';

/** What a test may do to a cluster. `up` with the same options brings dead nodes and daemons back. */

/** The node falls silent at once, as without power: no process of it says goodbye over the network. */
export async function powerOff(cluster: Cluster, node: string): Promise<void> {
  await unplug(cluster, node);
  process.kill(boxPid(cluster.state, node), 'SIGKILL');
}

/** The same, and Slurm learns of it from its administrator instead of after its SlurmdTimeout: the node's jobs fail now. */
export async function loseNode(cluster: Cluster, node: string): Promise<void> {
  await powerOff(cluster, node);
  const name = `nodename=${node}${cluster.domain}`;
  await must(cluster, 'ctl', ['scontrol', 'update', name, 'state=down', 'reason=no power']);
}

/** The node lives on without a network. */
export async function unplug(cluster: Cluster, node: string): Promise<void> {
  await must(cluster, 'hub', ['ip', 'link', 'set', node, 'down']);
}

export async function plugIn(cluster: Cluster, node: string): Promise<void> {
  await must(cluster, 'hub', ['ip', 'link', 'set', node, 'up']);
}

/** What one node sends to another goes nowhere, as to a hardware address of old; everybody else reaches it. */
export async function mislead(cluster: Cluster, from: string, to: string): Promise<void> {
  const nowhere = ['lladdr', '02:00:00:00:00:01', 'nud', 'permanent'];
  await must(cluster, from, ['ip', 'neigh', 'replace', addressOf(cluster, to), 'dev', 'eth0', ...nowhere]);
}

export async function putRight(cluster: Cluster, from: string, to: string): Promise<void> {
  await must(cluster, from, ['ip', 'neigh', 'del', addressOf(cluster, to), 'dev', 'eth0']);
}

function addressOf({ nodes }: Cluster, node: string): string {
  const ip = nodes.find(({ name }) => name === node)?.ip;
  if (ip === undefined) throw new Error(`there is no ${node}`);
  return ip;
}

/** slurmctld stops answering, and keeps its connections. */
export async function pauseController(cluster: Cluster): Promise<void> {
  await signal(cluster, 'ctl', 'slurmctld', 'STOP');
}

export async function resumeController(cluster: Cluster): Promise<void> {
  await signal(cluster, 'ctl', 'slurmctld', 'CONT');
}

/** slurmctld ends as it should. One that is killed forgets what it learnt in its last five seconds. */
export async function stopController(cluster: Cluster): Promise<void> {
  await signal(cluster, 'ctl', 'slurmctld', 'TERM');
}

/** slurmctld forgets what has ended, within ten seconds. */
export async function forgetJobs(cluster: Cluster): Promise<void> {
  await must(cluster, 'ctl', ['sed', '-i', 's/^MinJobAge=.*/MinJobAge=2/', cluster.slurmConf]);
  await must(cluster, 'ctl', ['scontrol', 'reconfigure']);
}

/** Slurm goes on without accounts, and keeps what it has to tell of jobs for later. */
export async function stopAccounting(cluster: Cluster): Promise<void> {
  await signal(cluster, 'db', 'slurmdbd', 'TERM');
}

/** slurmdbd stops answering, and keeps its connections. */
export async function pauseAccounting(cluster: Cluster): Promise<void> {
  await signal(cluster, 'db', 'slurmdbd', 'STOP');
}

export async function resumeAccounting(cluster: Cluster): Promise<void> {
  await signal(cluster, 'db', 'slurmdbd', 'CONT');
}

/** Jobs go on without their node's slurmd. */
export async function killSlurmd(cluster: Cluster, node: string): Promise<void> {
  await signal(cluster, node, 'slurmd', 'KILL');
}

export async function drain(cluster: Cluster, node: string, reason: string): Promise<void> {
  await must(cluster, 'ctl', ['scontrol', 'update', `nodename=${node}`, 'state=drain', `reason=${reason}`]);
}

export async function undrain(cluster: Cluster, node: string): Promise<void> {
  await must(cluster, 'ctl', ['scontrol', 'update', `nodename=${node}`, 'state=resume']);
}

async function signal(cluster: Cluster, box: string, daemon: string, name: string): Promise<void> {
  const { stdout } = await cluster.onNode(box, ['cat', `/run/${daemon}.pid`]);
  await must(cluster, box, ['kill', '-s', name, stdout.trim()]);
}

async function must(cluster: Cluster, box: string, argv: readonly string[]): Promise<void> {
  const { code, stderr } = await cluster.onNode(box, argv);
  if (code !== 0) throw new Error(`${argv.join(' ')} on ${box}: ${stderr}`);
}
