namespace NetHook.Docs.Tests;

/// <summary>Tests that redirect the console run one after the other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ConsoleCollection
{
    public const string Name = "console";
}
