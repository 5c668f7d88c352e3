import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Names the machine, its boot and the pid namespace of this process: only for processes of one such world does a pid say
 * whether one of them lives. Machines may share a home, a name (`localhost`) or, as containers, a kernel.
 */
export function pidWorld(): string {
  return [hostname(), bootId(), pidNamespace()].join(' ');
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '-';
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '-';
  }
}
