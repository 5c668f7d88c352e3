import type { PlannedSetup } from '../plan/setup.ts';
import { quote } from './shell.ts';

/** What a setup runs, as a file; undefined where the run folder has it already. */
export function setupFile({ commands, script }: PlannedSetup): string | undefined {
  return commands === undefined ? script : commandsText(commands);
}

/** A script of bash that prints each command before it runs it. */
function commandsText(commands: readonly string[]): string {
  const parts = commands.map((command, index) => {
    const [first = '', ...more] = command.trim().split('\n');
    const shown = `dyn-slurm: ${index + 1} of ${commands.length}: ${first}${more.length > 0 ? ' …' : ''}`;
    return `printf '%s\\n' ${quote(shown)}\n${command.trimEnd()}\n`;
  });
  return `#!/usr/bin/env bash\nset -eo pipefail\n${parts.join('')}`;
}
