namespace NetHook.Cli;

/// <summary>Scripts that ask the tool for words (<see cref="Suggestions"/>) and fall back to files.</summary>
internal static class CompletionScripts
{
    public static IReadOnlyDictionary<string, string> All { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["bash"] =
            """
            _nethook() {
                local IFS=$'\n'
                COMPREPLY=($(nethook "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null))
            }
            complete -o bashdefault -o default -F _nethook nethook
            """,
        ["fish"] =
            """
            complete -c nethook -a '(nethook "[suggest:"(commandline -C)"]" (commandline) 2>/dev/null)'
            """,
        ["pwsh"] =
            """
            Register-ArgumentCompleter -Native -CommandName nethook -ScriptBlock {
                param($word, $line, $position)
                nethook "[suggest:$position]" "$line" | ForEach-Object {
                    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
                }
            }
            """,
        ["zsh"] =
            """
            _nethook() {
                local -a words_found=("${(@f)$(nethook "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
                [[ -n $words_found ]] && compadd -a words_found || _files
            }
            compdef _nethook nethook
            """,
    };
}
