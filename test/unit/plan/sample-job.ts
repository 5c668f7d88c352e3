import type { Job } from '../../../src/config/job.ts';
import { clusterProfile } from '../../../src/config/schema/cluster-schema.ts';
import { jobSchema } from '../../../src/config/schema/job-schema.ts';
import { planJob } from '../../../src/plan/assemble.ts';
import type { Plan } from '../../../src/plan/plan.ts';

type Sections = Readonly<Record<string, unknown>>;

/**
 * A valid job: `sections` are laid over a small one without workers, `site` over the defaults of a cluster profile. Its
 * ports may move where `sections` says nothing of them.
 */
export function sampleJob(sections: Sections, cluster: Sections = {}): Job {
  const config = jobSchema.parse({
    name: 'sample',
    gpu: 'h100',
    model: { path: '/models/m', served_name: 'm' },
    slurm: { account: 'acct', partition: 'batch', time: '4h' },
    ...sections,
  });
  return {
    ...config,
    model: { ...config.model, served_name: config.model.served_name ?? 'm' },
    cluster: { name: 'here', ...clusterProfile.parse(cluster) },
    fixedPorts: given(sections),
  };
}

function given({ frontend, infra }: Sections): readonly string[] {
  const { port } = { ...(frontend as object | undefined) } as { readonly port?: unknown };
  const { ports } = { ...(infra as object | undefined) } as { readonly ports?: object };
  const fields = Object.keys({ ...ports }).map((field) => `infra.ports.${field}`);
  return port === undefined ? fields : ['frontend.port', ...fields];
}

/** The plan of a job that keeps the rules. */
export function planOf(job: Job): Plan {
  const { plan, problems } = planJob(job);
  if (plan === undefined) throw new Error(JSON.stringify(problems));
  return plan;
}
