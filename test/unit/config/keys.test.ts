import { expect, test } from 'vitest';
import { edits, nearest } from '../../../src/config/text/suggestion.ts';
import { resolve, VALID } from './report.ts';

const said = (line: string) =>
  resolve(`${VALID}${line}\n`)
    .diagnostics.filter(({ message }) => message.startsWith('unknown'))
    .map(({ path, message, hint }) => `${path}: ${message}${hint ? ` (${hint})` : ''}`);

const ROLE_KEYS =
  'workers, nodes, gpus_per_worker, gpu_share, spread, tp, pp, dp, ep, dcp, endpoint, kv_events, restart, critical, numa, args, env, module, flags and setup';

test.each([
  ['contaner: {image: i}', 'contaner: unknown key; did you mean "container"?'],
  ['frontend: {router-mode: kv}', 'frontend.router-mode: unknown key; did you mean "router_mode"?'],
  ['frontend: {mode: kv}', 'frontend.mode: unknown key; did you mean "router_mode"?'],
  [
    'frontend: {ports: 1}',
    'frontend.ports: unknown key; did you mean "port"? (a key of that name belongs under infra)',
  ],
  [
    'frontend: {router_mode: kvv}',
    'frontend.router_mode: unknown value "kvv"; did you mean "kv"? (one of round-robin, random, power-of-two, kv, direct, least-loaded or device-aware-weighted)',
  ],
  ['partition: batch', 'partition: unknown key here; it belongs under slurm'],
  ['nodes: 4', 'nodes: unknown key here; it belongs under prefill, under decode or under aggregated'],
  ['parttion: batch', 'parttion: unknown key here; did you mean "partition", under slurm?'],
  ['interface: ib0', 'interface: unknown key here; it belongs in the cluster profile'],
  ['infra: {name: x}', 'infra.name: unknown key here; it belongs at the top level'],
  [
    'infra: {ports: {etcd_peer: 2380}}',
    'infra.ports.etcd_peer: unknown key: etcd no longer has a peer port; its peer listener is a Unix socket on its node (remove this line)',
  ],
  [
    'zzz: 1',
    'zzz: unknown key (the keys here are name, topology, model, container, slurm, cluster, variants, sweep, gpu, prefill, decode, aggregated, encode, processor, router, frontend, infra, dynamo, engine, setup, health, observe, profile and bench)',
  ],
  [
    'decode: {mem-fraction-static: 0.8}',
    `decode.mem-fraction-static: unknown key (an argument of the program belongs under decode.args; the keys here are ${ROLE_KEYS})`,
  ],
])('%s', (line, expected) => {
  expect(said(line)).toEqual([expected]);
});

test.each([
  ['partion', 'partition'],
  ['parition', 'partition'],
  ['prat', undefined],
  ['Partition', 'partition'],
  ['part', 'partition'],
  ['time', 'time'],
  ['tiem', 'time'],
  ['t', undefined],
  ['x'.repeat(1000), undefined],
  ['', undefined],
])('%s means %s', (word, meant) => {
  expect(nearest(word, ['account', 'partition', 'time', 'qos'])).toBe(meant);
});

test.each([
  ['', '', 0],
  ['abc', 'abc', 0],
  ['abc', 'acb', 1],
  ['abc', 'ab', 1],
  ['abc', 'xabc', 1],
  ['kitten', 'sitting', 3],
])('from %j to %j it takes %i edits', (one, other, distance) => {
  expect(edits(one, other)).toBe(distance);
  expect(edits(other, one)).toBe(distance);
});
