// `tidegate completion`: scripts for shells, made from the commands themselves, so that they never lag behind.
import { Argument, type Command } from 'commander';
import { type CompletionNode, renderCompletion, type Shell, shells } from '../render-completion.ts';
import { printLine, type Terminal } from '../terminal.ts';

const examples = `
Examples:
  source <(tidegate completion bash)
  tidegate completion zsh > ~/.zfunc/_tidegate
  tidegate completion fish > ~/.config/fish/completions/tidegate.fish`;

function describe(command: Command): CompletionNode {
  return {
    name: command.name(),
    description: command.description(),
    options: [
      ...command.options.map((option) => ({
        flags: [option.short, option.long].filter((flag) => flag !== undefined),
        description: option.description,
        choices: option.argChoices ?? [],
        takesValue: option.required || option.optional,
        takesPath: /<(path|path=directory)>/.test(option.flags),
      })),
      { flags: ['-h', '--help'], description: 'show help', choices: [], takesValue: false, takesPath: false },
    ],
    // Only of the first argument: the second is a proxy, which a script cannot know.
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
}

export function addCompletionCommand(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('print a completion script')
    .addArgument(new Argument('<shell>', 'whose script').choices(shells))
    .addHelpText('after', examples)
    .action((shell: Shell) => printLine(terminal.stdout, renderCompletion(shell, program.commands.map(describe))));
}
