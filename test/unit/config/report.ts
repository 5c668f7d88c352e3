import type { ResolveInput } from '../../../src/config/resolve.ts';
import { expandVariants } from '../../../src/config/variants.ts';
import { formatDiagnostic } from '../../../src/config/yaml/diagnostic.ts';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import type { PlannedConfig } from '../../../src/plan/plan-config.ts';
import { planConfig } from '../../../src/plan/plan-config.ts';

/** A config without a topology in which nothing is wrong. */
export const VALID = `name: r1
gpu: h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
aggregated: {workers: 4, nodes: 4}
`;

export interface Surroundings {
  /** Text of the preset that the config names. */
  readonly topology?: string;
  /** Texts of the profile `hopper`, lowest first. */
  readonly cluster?: readonly string[];
  readonly clusterName?: string;
}

/** Resolves a text as `c.yaml`, beside `t.yaml` and `p0.yaml`, `p1.yaml`. */
export function resolve(text: string, around: Surroundings = {}): PlannedConfig {
  return planConfig(inputOf(text, around));
}

/** The same of each of its variants, or of the text alone where it has none. */
export function resolveAll(text: string, around: Surroundings = {}): readonly PlannedConfig[] {
  const input = inputOf(text, around);
  const { base, variants, diagnostics } = expandVariants(input.config);
  const over = variants.length === 0 ? [[]] : variants.map(({ layers }) => layers);
  return over.map((layers) => {
    const planned = planConfig({ ...input, config: base, over: layers });
    return { ...planned, diagnostics: [...diagnostics, ...planned.diagnostics] };
  });
}

/** Everything that `check` would print. */
export function report(text: string, around: Surroundings = {}): string {
  const input = inputOf(text, around);
  const files = [input.config, ...(input.topology ? [input.topology] : []), ...input.cluster.files];
  const texts = new Map(files.map((source) => [source.file, source.text]));
  return planConfig(input)
    .diagnostics.map((diagnostic) =>
      formatDiagnostic(diagnostic, texts.get(diagnostic.file), { textOf: (file) => texts.get(file) }),
    )
    .join('\n');
}

function inputOf(text: string, { topology, cluster = [], clusterName }: Surroundings): ResolveInput {
  return {
    config: parseYaml('c.yaml', text),
    ...(topology !== undefined && { topology: { file: 't.yaml', text: topology } }),
    topologyNames: ['h100-fp8-default', 'docs-dsr1-wideep-h100', 'docs-dsr1-wideep-gb200'],
    cluster: {
      name: clusterName ?? (cluster.length > 0 ? 'hopper' : 'default'),
      files: cluster.map((source, index) => ({ file: `p${index}.yaml`, text: source })),
    },
    clusterNames: ['blackwell', 'default', 'hopper', 'local'],
  };
}
