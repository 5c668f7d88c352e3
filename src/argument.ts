/** Position of a node in the allocation, 0-based; the script binds it to a hostname at run time. */
export type NodeIndex = number & { readonly __brand?: 'NodeIndex' };

/**
 * A part of a command that only the running job can know.
 * In the plan's JSON: `${NODE_IP[i]}`, `${NODE[i]}`, `${RUN_DIR}`, `${RUN_DIR%/*}`, `${ATTEMPT_DIR}`, `${CONTAINER}`, `${LOCAL_DIR}`, `${GPU_MEMORY}`, `${KERNELS}`; `self` and `rank` are replaced for each process.
 */
export type Placeholder =
  | { readonly ref: 'node-ip'; readonly node: NodeIndex }
  | { readonly ref: 'node'; readonly node: NodeIndex }
  | { readonly ref: 'self-ip' }
  | { readonly ref: 'rank' }
  /** A port of the plan that the job may have moved; in JSON the plan's number. */
  | { readonly ref: 'port'; readonly port: number }
  | { readonly ref: 'run-dir' }
  /** The folder of the run folder, where the runs of its user are. */
  | { readonly ref: 'runs-dir' }
  /** The folder with this attempt's logs and state: the run folder; after a requeue `attempts/N` in it. */
  | { readonly ref: 'attempt-dir' }
  /** The name of this attempt's containers, one on each node. */
  | { readonly ref: 'container' }
  /** A fresh folder on the node's own disk, one for each step that asks for it. */
  | { readonly ref: 'local-dir' }
  /** For a worker that shares its GPU: the value of the engine's memory argument, which depends on what is free. */
  | { readonly ref: 'gpu-memory' }
  /** The folder in which an engine keeps its compiled kernels. */
  | { readonly ref: 'kernels' };

/** One word of a command or one value of the environment: literal text, or text with run-time parts. */
export type Arg = string | readonly (string | Placeholder)[];

/** Address of the node that runs the process. */
export const SELF_IP: Placeholder = { ref: 'self-ip' };
export const RUN_DIR: Placeholder = { ref: 'run-dir' };
export const RUNS_DIR: Placeholder = { ref: 'runs-dir' };
export const ATTEMPT_DIR: Placeholder = { ref: 'attempt-dir' };
export const CONTAINER: Placeholder = { ref: 'container' };
export const LOCAL_DIR: Placeholder = { ref: 'local-dir' };
export const GPU_MEMORY: Placeholder = { ref: 'gpu-memory' };
export const KERNELS: Placeholder = { ref: 'kernels' };

export function nodeIp(node: NodeIndex): Placeholder {
  return { ref: 'node-ip', node };
}

/** A part as a word of its own. */
export function argOf(part: string | Placeholder): Arg {
  return typeof part === 'string' ? part : [part];
}

/** The word with some of its run-time parts replaced; text where none is left. */
function replaced(word: Arg, replace: (part: Placeholder) => string | Placeholder): Arg {
  if (typeof word === 'string') return word;
  return argOfParts(word.map((part) => (typeof part === 'string' ? part : replace(part))));
}

/** Parts as one word: text where none of them is a run-time part. */
export function argOfParts(parts: readonly (string | Placeholder)[]): Arg {
  return parts.every((part) => typeof part === 'string') ? parts.join('') : parts;
}

/** The word as the process on one node of a step has it: its own address and rank filled in. */
export function onNode(word: Arg, node: NodeIndex, rank: number): Arg {
  return replaced(word, (part) => {
    if (part.ref === 'self-ip') return nodeIp(node);
    return part.ref === 'rank' ? String(rank) : part;
  });
}

/** The word with the plan's own ports, wherever the job may move them. */
export function asPlanned(word: Arg): Arg {
  return replaced(word, (part) => (part.ref === 'port' ? String(part.port) : part));
}

/** The word as text, its run-time parts as `${NODE_IP[3]}`; ports are the plan's. */
export function argText(word: Arg): string {
  return [replaced(asPlanned(word), refText)].flat().join('');
}

/** Whether any of the words stands for a folder of the node's own. */
export function usesLocalDir(words: readonly Arg[]): boolean {
  return words.some(
    (word) =>
      typeof word !== 'string' && word.some((part) => typeof part !== 'string' && part.ref === 'local-dir'),
  );
}

/** How lib.sh and task.sh name what only the job knows, and so how the plan's JSON does. */
export function refText(ref: Placeholder): string {
  if (ref.ref === 'runs-dir') return '${RUN_DIR%/*}';
  const name = ref.ref === 'rank' ? 'NODE_RANK' : ref.ref.toUpperCase().replaceAll('-', '_');
  const index = 'node' in ref ? `[${ref.node}]` : 'port' in ref ? `[${ref.port}]` : '';
  return `\${${name}${index}}`;
}
