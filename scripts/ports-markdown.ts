import { LISTENERS } from '../src/plan/exposure.ts';

/** The table of docs/security.md. */
export function portsMarkdown(): string {
  const rows = Object.entries(LISTENERS).map(([use, { who, address, guard, tls, stranger }]) => [
    `\`${use}\``,
    who,
    address === 'node' ? "its node's" : 'all',
    guard,
    tls ? 'certificate' : guard,
    stranger,
  ]);
  return [
    '| for | who listens | address | guard | with `infra.tls` | somebody else who reaches it can, without `infra.tls` |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
  ].join('\n');
}
