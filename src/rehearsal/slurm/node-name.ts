/** Names and addresses of a job's nodes; the addresses are those of no other of 200 consecutive jobs. */
export function nodeName(index: number): string {
  return `node${index}`;
}

export function nodeAddress(job: number, index: number): string {
  return `127.${20 + (job % 200)}.${Math.floor(index / 200)}.${10 + (index % 200)}`;
}
