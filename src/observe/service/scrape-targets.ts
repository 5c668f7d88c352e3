import type { HostPort, ServiceEndpoints } from './endpoints.ts';

/** One group of targets, as Prometheus' file_sd_configs reads them. */
export interface ScrapeGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Everything of a service that has a page of metrics; all are at `/metrics`. */
export function scrapeTargets(run: string, { frontends, workers }: ServiceEndpoints): readonly ScrapeGroup[] {
  const group = (step: string, role: string, { address, port }: HostPort): ScrapeGroup => ({
    targets: [`${address}:${port}`],
    labels: { run, step, role },
  });
  return [
    ...frontends.map((frontend) => group(frontend.step, 'frontend', frontend)),
    ...workers.flatMap(({ step, role, system, others = [] }) =>
      system ? [system, ...others].map((endpoint) => group(step, role, endpoint)) : [],
    ),
  ];
}
