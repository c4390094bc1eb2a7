// Completion scripts as text: static, so that pressing Tab starts no process.

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export interface CompletionOption {
  readonly flags: readonly string[];
  readonly description: string;
  readonly choices: readonly string[];
  readonly takesValue: boolean;
  readonly takesPath: boolean;
}

export interface CompletionNode {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletionOption[];
  /** Of the first argument. */
  readonly choices: readonly string[];
}

const flagsOf = (node: CompletionNode): string => node.options.flatMap(({ flags }) => flags).join(' ');

function renderBash(commands: readonly CompletionNode[]): string {
  const values = commands.flatMap((node) =>
    node.options
      .filter(({ takesValue }) => takesValue)
      .map(({ flags, choices, takesPath }) => {
        const reply = takesPath
          ? 'COMPREPLY=($(compgen -f -- "$word"))'
          : choices.length > 0
            ? `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$word"))`
            : 'COMPREPLY=()';
        return `    ${flags.map((flag) => `'${node.name} ${flag}'`).join('|')}) ${reply}; return ;;`;
      }),
  );
  const words = commands.map(
    (node) =>
      `    '${node.name}') COMPREPLY=($(compgen -W '${[...node.choices, flagsOf(node)].join(' ')}' -- "$word")) ;;`,
  );
  return `# bash completion of tidegate
_tidegate() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help --version' -- "$word"))
    return
  fi
  case "$command $previous" in
${values.join('\n')}
  esac
  case "$command" in
${words.join('\n')}
  esac
}
complete -F _tidegate tidegate`;
}

/** Inside single quotes, and free of what _arguments and _describe give a meaning. */
const zshText = (text: string): string => text.replaceAll("'", '’').replaceAll(/[[\]:]/g, ' ');

function renderZsh(commands: readonly CompletionNode[]): string {
  const option = ({ flags, description, choices, takesValue, takesPath }: CompletionOption): string[] =>
    flags.map((flag) => {
      const value = takesPath
        ? ':path:_files'
        : choices.length > 0
          ? `:value:(${choices.join(' ')})`
          : takesValue
            ? ':value: '
            : '';
      return `'*${flag}[${zshText(description)}]${value}'`;
    });
  const cases = commands.map((node) => {
    const first = node.choices.length > 0 ? [`'1:argument:(${node.choices.join(' ')})'`] : [];
    return `    ${node.name}) _arguments ${[...first, ...node.options.flatMap(option)].join(' ')} ;;`;
  });
  return `#compdef tidegate
# zsh completion of tidegate
_tidegate() {
  local -a commands=(${commands.map(({ name, description }) => `'${name}:${zshText(description)}'`).join(' ')})
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join('\n')}
  esac
}
if [ "$funcstack[1]" = _tidegate ]; then _tidegate "$@"; else compdef _tidegate tidegate; fi`;
}

const fishText = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");

function renderFish(commands: readonly CompletionNode[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const lines = commands.flatMap((node) => {
    const when = `-n '__fish_seen_subcommand_from ${node.name}'`;
    return [
      `complete -c tidegate -n 'not __fish_seen_subcommand_from ${names}' -a ${node.name} -d '${fishText(node.description)}'`,
      ...(node.choices.length > 0 ? [`complete -c tidegate ${when} -a '${node.choices.join(' ')}'`] : []),
      ...node.options.map(({ flags, description, choices, takesValue, takesPath }) => {
        const names = flags
          .map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
          .join(' ');
        const value = takesPath ? ' -r -F' : takesValue ? ' -x' : '';
        const words = choices.length > 0 ? ` -a '${choices.join(' ')}'` : '';
        return `complete -c tidegate ${when} ${names}${value}${words} -d '${fishText(description)}'`;
      }),
    ];
  });
  return ['# fish completion of tidegate', 'complete -c tidegate -f', ...lines].join('\n');
}

export function renderCompletion(shell: Shell, commands: readonly CompletionNode[]): string {
  switch (shell) {
    case 'bash':
      return renderBash(commands);
    case 'zsh':
      return renderZsh(commands);
    case 'fish':
      return renderFish(commands);
  }
}
