import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPublishedTopology } from '../src/config/published-topology.ts';

/** The table of docs/topologies.md: the published topologies, newest first, each with a link to its source. */
export async function topologiesMarkdown(root: string): Promise<string> {
  const folder = join(root, 'configs/topologies');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort();
  const all = await Promise.all(
    files.map(async (file) => ({
      name: file.replace('.yaml', ''),
      ...readPublishedTopology({ file, text: await readFile(join(folder, file), 'utf8') }),
    })),
  );
  const rows = all
    .toSorted((a, b) => (a.source.date < b.source.date ? 1 : a.source.date > b.source.date ? -1 : 0))
    .map(({ name, title, gpu, engine, goal, source }) => [
      `[\`${name}\`](../configs/topologies/${name}.yaml)`,
      title,
      gpu,
      engine,
      goal,
      `[${source.date_inferred ? '~' : ''}${source.date}](https://github.com/${source.repo}/blob/${source.commit}/${source.path})`,
    ]);
  const head = ['name', 'title', 'GPU', 'engine', 'goal', 'source'];
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('');
}
