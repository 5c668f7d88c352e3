import { Command, CommanderError } from 'commander';
import { EXIT } from '../errors.ts';
import { configCommands } from './program/config.ts';
import { observeCommands } from './program/observe.ts';
import { reportCommands } from './program/report.ts';
import { runCommands } from './program/run.ts';
import { sessionCommands } from './program/session.ts';
import { examples, treeOf } from './program/tree.ts';
import { styled } from './styled.ts';
import type { World } from './world.ts';
import { wrapped } from './wrap.ts';

/** Runs the command that `argv` (without node and script) names; returns the exit code. */
export async function run(argv: readonly string[], version: string, world: World): Promise<number> {
  let code: number = EXIT.ok;
  const program = programOf(version, world, (value) => {
    code = value;
  });
  try {
    const name = argv[argv[0] === 'help' ? 1 : 0] ?? 'help';
    const known =
      name.startsWith('-') || ['help', ...program.commands.map((command) => command.name())].includes(name);
    // With --help after an unknown command, commander would print the general help; alone, the name is an error.
    await program.parseAsync(known ? [...argv] : [name], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return code;
}

function programOf(version: string, world: World, exit: (code: number) => void): Command {
  const program = new Command('dyn-slurm')
    .description('Turn one short YAML file into a running multi-node inference service on Slurm.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.out.write(wrapped(text, world.columns)),
      writeErr: (text) => world.err.write(text),
      getOutHelpWidth: () => world.columns,
      getErrHelpWidth: () => world.columns,
      getOutHasColors: () => world.color,
      getErrHasColors: () => world.color,
    })
    .addHelpCommand(
      new Command('help').argument('[command]').description('show the help of a command').helpGroup('More:'),
    )
    .configureHelp({ styleTitle: (title) => styled('bold', title) })
    .addHelpText(
      'after',
      examples(
        [
          ['topologies', 'list published topologies to start from'],
          ['rehearse config.yaml', 'run the whole job on this machine, without GPUs or Slurm'],
          ['submit config.yaml --dry-run', 'print everything that would be submitted'],
          ['submit config.yaml --watch', 'submit the job and follow it'],
          ['allocate config.yaml', 'open a prompt to restart workers interactively'],
        ],
        world.columns,
      ),
    );

  const tree = treeOf(program, world, exit);
  configCommands(tree);
  runCommands(tree);
  observeCommands(tree);
  reportCommands(tree);
  sessionCommands(tree, (argv, inner) => run(argv, version, inner));
  return program;
}
