import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Job } from '../../../src/config/job.ts';
import { cachedImage } from '../../../src/plan/image.ts';
import { renderBundle, TEMPLATES, type TemplateName } from '../../../src/render/bundle.ts';
import { packageRoot } from '../../world.ts';
import { planOf, sampleJob } from '../plan/sample-job.ts';

const templates = Object.fromEntries(
  TEMPLATES.map((name) => [name, readFileSync(join(packageRoot, 'templates', name), 'utf8')]),
) as Record<TemplateName, string>;

function rendered(site: Readonly<Record<string, unknown>>): {
  job: Job;
  text: (file: string) => string | undefined;
} {
  const job = sampleJob({ aggregated: {}, container: { image: 'nvcr.io#a/b:1' } }, site);
  const { files } = renderBundle(planOf(job), { templates, config: '' });
  return { job, text: (file) => files.get(file)?.text };
}

test('the image comes first, and all wait for it', () => {
  const { job, text } = rendered({ image_cache: '/lustre/my images' });
  const file = cachedImage(job)?.file ?? '';
  const title = '\n# The container image, once for all nodes.\n';
  expect(text('job.sbatch')?.split(title)[1]?.split('\n\n')[0]).toBe(
    `launch image image '' end 0 -- \\
  srun --nodes=1 --ntasks=1 --ntasks-per-node=1 "--nodelist=\${NODE[0]}" --job-name=image --overlap \\
  --mpi=none --cpu-bind=none --kill-on-bad-exit=1 --input=none \\
  "--output=\${ATTEMPT_DIR}/logs/image.%N.log" --open-mode=append bash -p "\${RUN_DIR}/steps/image.sh"
bind_nodes
await_image image '${file}'`,
  );
  expect(text('steps/image.sh')?.split('\ncomplete \\\n')[1]).toBe(
    `  bash "\${RUN_DIR}/runtime/image.sh" 'docker://nvcr.io#a/b:1' '${file}'\n`,
  );
  expect(text('runtime/image.sh')).toBe(templates['image.sh']);
});

test('without a cache pyxis imports it, and nothing else is there', () => {
  const { text } = rendered({});
  expect(text('job.sbatch')).not.toContain('launch image');
  expect(text('job.sbatch')).toContain('--container-image=nvcr.io#a/b:1');
  expect(text('steps/image.sh')).toBeUndefined();
  expect(text('runtime/image.sh')).toBeUndefined();
});
