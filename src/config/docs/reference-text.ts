/** Prose of docs/config.md. Its YAML is checked by the tests. */

export const SHORTEST = `A config is one YAML file. This is a short one:

\`\`\`yaml
name: dsr1-wideep
topology: docs-dsr1-wideep-h100
model:
  path: /lustre/models/DeepSeek-R1
container:
  image: /lustre/images/dynamo-sglang-1.6.1.sqsh
  mounts: [/lustre/configs:/configs] # the topology expects /configs/deepep.json
slurm:
  account: my-account
  partition: batch
  time: 4h
\`\`\`

\`dyn-slurm check CONFIG\` reports everything that is wrong with one, with file, line and column.`;

export const MERGING = `## How a job is put together

Four layers, each over the one before:

1. defaults, as the tables below give them;
2. the cluster profile: \`account\` and \`partition\` stand in for those of \`slurm\`;
3. the topology: a published one by its name, or a map under \`topology\` with the same keys;
4. the config.

Maps merge key by key; lists and single values replace what is below them; \`null\` removes a key, so that its default
holds again, or an argument is not passed at all. Inside an argument that becomes JSON, \`null\` is a value like any
other. \`dyn-slurm check CONFIG --provenance\` shows where each value came from.

\`\`\`yaml
name: dsr1-smaller
topology: docs-dsr1-wideep-h100
model:
  path: /lustre/models/DeepSeek-R1
slurm:
  account: my-account
  partition: batch
  time: 4h
prefill:
  args:
    mem-fraction-static: 0.8 # replaces the topology's
    deepep-config: null # is not passed any more
\`\`\``;

export const WHOLE = `## A full example

Without a topology, and with most of the keys:

\`\`\`yaml
name: dsr1-whole
gpu: h100
cluster: default # a profile: see below

model:
  path: /lustre/models/DeepSeek-R1
  served_name: deepseek-ai/DeepSeek-R1

container:
  image: /lustre/images/dynamo-sglang-1.6.1.sqsh
  mounts:
    - /lustre/configs:/configs:ro

slurm:
  account: my-account
  partition: batch
  time: 4h
  qos: high
  directives:
    mail-type: END,FAIL

prefill:
  workers: 1
  nodes: 4
  tp: gpus # all 32 GPUs of the worker
  dp: gpus
  ep: gpus
  args: # any argument of SGLang, without its dashes
    enable-dp-attention: true
    mem-fraction-static: 0.85
    disaggregation-transfer-backend: nixl
  env:
    NCCL_DEBUG: WARN
    HF_TOKEN: { from_env: HF_TOKEN } # secrets by reference only

decode:
  workers: 2
  nodes: 8
  tp: gpus
  dp: gpus
  ep: gpus
  args:
    enable-dp-attention: true
    mem-fraction-static: 0.83
    disaggregation-transfer-backend: nixl
    cuda-graph-bs: [64, 128, 256] # a list repeats its values

frontend:
  count: 2 # nginx balances them
  router_mode: least-loaded

dynamo:
  version: 1.6.1
  reasoning_parser: deepseek_r1
  tool_call_parser: deepseek_v3

health:
  deadline: 90m
  stall: 15m
\`\`\``;

export const VALUES = `## Values

- **Durations** are text with a unit: \`90m\`, \`4h\`, \`1h30m\`, \`2d\`, or Slurm's \`HH:MM:SS\`, \`D-HH\`, \`D-HH:MM\` and
  \`D-HH:MM:SS\`. \`1:30\` is refused, because Slurm reads it as minutes and seconds.
- **Arguments** (\`args\`) are passed on by name. \`true\` is a bare flag, \`false\` leaves it out, a list repeats its values
  after the flag, and a map becomes JSON. \`mem_fraction_static\` and \`mem-fraction-static\` are the same. Numbers are
  passed on as they are written. Arguments that dyn-slurm sets itself (addresses, ports, ranks) are refused where they
  contradict it.
- **Environment** (\`env\`) takes text, numbers and booleans as they are written. A secret is never written down:
  \`{from_env: NAME}\` passes on a variable of the shell that submits, \`{from_file: PATH}\` the content of a file on the
  nodes. \`LD_PRELOAD\`, \`BASH_ENV\` and their like are refused.
- **Booleans** are \`true\` and \`false\`: YAML 1.2 reads \`yes\`, \`no\`, \`on\` and \`off\` as text. \`010\` is refused, because
  programs disagree on what it means.
- **Files** hold one document of at most 256 KB, in UTF-8. Anchors, aliases and merge keys (\`<<\`) work; tags do not.`;
