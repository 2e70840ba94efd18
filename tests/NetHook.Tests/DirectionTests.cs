using Mono.Cecil;
using Mono.Cecil.Cil;

namespace NetHook.Tests;

/// <summary>Each folder of the library uses only folders that lie below it, read from the compiled code and its symbols.</summary>
public class DirectionTests
{
    /// <summary>Which folders a folder may use, besides those that these may use. No folder is above itself: that is tested too.</summary>
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Messages"] = [],
        ["TorchSharp"] = ["Messages"],
        ["TensorTrees"] = ["TorchSharp"],
        ["Files"] = ["Messages"],
        ["Layers"] = ["TorchSharp"],
        ["Editing/Binding"] = ["TensorTrees"],
        ["Editing"] = ["Editing/Binding"],
        ["ForwardCalls"] = ["Layers"],
        ["Gradients"] = ["Layers"],
        ["Tracing/Options"] = [],
        ["Tracing/Captures"] = ["TensorTrees", "Tracing/Options"],
        ["Tracing/Hooks"] = ["Tracing/Captures", "Editing/Binding"],
        ["Tracing"] = ["Tracing/Hooks", "ForwardCalls"],
        ["Verification"] = ["Tracing"],
        ["Summaries"] = ["Tracing"],
        ["Copying"] = ["Tracing"],
        ["Replacing"] = ["Copying"],
        ["Subsequences"] = ["Copying"],
        ["Statistics"] = ["Tracing", "Files"],
    };

    [Fact]
    public void Folder_uses_only_folders_below_it()
    {
        List<string> wrong = [];
        foreach ((string from, string to, string where) in Uses())
        {
            if (from != to && !Below(from).Contains(to))
                wrong.Add($"{from} uses {to}: {where}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Distinct()));
    }

    [Fact]
    public void No_folder_is_below_itself() => Assert.All(MayUse.Keys, folder => Assert.DoesNotContain(folder, Below(folder)));

    [Fact]
    public void Every_folder_is_placed() => Assert.Subset(MayUse.Keys.ToHashSet(), Uses().Select(use => use.From).ToHashSet());

    private static HashSet<string> Below(string folder)
    {
        HashSet<string> below = [];
        var open = new Stack<string>(MayUse[folder]);
        while (open.TryPop(out string? next))
        {
            if (!below.Add(next))
                continue;
            foreach (string further in MayUse[next])
                open.Push(further);
        }

        return below;
    }

    private static IEnumerable<(string From, string To, string Where)> Uses()
    {
        using var assembly = AssemblyDefinition.ReadAssembly(typeof(Trace).Assembly.Location, new ReaderParameters { ReadSymbols = true });
        List<TypeDefinition> types = [.. assembly.MainModule.GetTypes()];
        Dictionary<string, string> folders = Folders(types);
        foreach (TypeDefinition type in types)
        {
            string? home = FolderOf(type);
            if (home is not null)
            {
                foreach (TypeReference used in Declared(type))
                {
                    if (FolderOf(used) is { } folder)
                        yield return (home, folder, $"{type.Name} declares {used.Name}");
                }
            }

            foreach (MethodDefinition method in type.Methods)
            {
                if ((FolderOfMethod(method) ?? home) is not { } from)
                    continue;
                foreach ((MemberReference used, string? folder) in Used(method))
                {
                    if (folder is not null)
                        yield return (from, folder, $"{type.Name}.{method.Name} uses {used.Name}");
                }
            }
        }

        string? FolderOf(TypeReference reference)
        {
            TypeReference element = reference.GetElementType();
            while (element.DeclaringType is { } outer && !folders.ContainsKey(element.FullName))
                element = outer;
            return folders.GetValueOrDefault(element.FullName);
        }

        IEnumerable<(MemberReference Used, string? Folder)> Used(MethodDefinition method)
        {
            foreach (ParameterDefinition parameter in method.Parameters)
                yield return (parameter.ParameterType, FolderOf(parameter.ParameterType));
            yield return (method.ReturnType, FolderOf(method.ReturnType));
            foreach (Instruction instruction in method.HasBody ? method.Body.Instructions : [])
            {
                switch (instruction.Operand)
                {
                    case TypeReference type:
                        yield return (type, FolderOf(type));
                        break;
                    case MethodReference called when IsSpread(called.DeclaringType):
                        yield return (called, called.Resolve() is { } extension ? FolderOfMethod(extension) : null);
                        break;
                    case MemberReference member when member.DeclaringType is not null:
                        yield return (member, FolderOf(member.DeclaringType));
                        break;
                    default:
                        break;
                }
            }
        }
    }

    // Partial over several folders: each of its methods, and of those that the compiler wrote for it, counts for itself.
    private static bool IsSpread(TypeReference type) => type.GetElementType() is var element
        && (element.Name == nameof(ModuleExtensions) || (element.DeclaringType?.Name == nameof(ModuleExtensions) && element.Name.StartsWith('<')));

    private static IEnumerable<TypeReference> Declared(TypeDefinition type) =>
        [.. type.BaseType is null ? [] : new[] { type.BaseType }, .. type.Interfaces.Select(i => i.InterfaceType), .. type.Fields.Select(field => field.FieldType)];

    /// <summary>The folder of each type: that of its methods' source, or of the file that declares it, for types without code.</summary>
    private static Dictionary<string, string> Folders(List<TypeDefinition> types)
    {
        Dictionary<string, string> folders = [];
        foreach (TypeDefinition type in types)
        {
            if (IsSpread(type))
                continue;
            if (type.Methods.Select(FolderOfMethod).FirstOrDefault(folder => folder is not null) is { } found)
                folders[type.FullName] = found;
        }

        return folders;
    }

    private static string? FolderOfMethod(MethodDefinition method)
    {
        string? file = method.DebugInformation.SequencePoints.FirstOrDefault()?.Document.Url.Replace('\\', '/');
        int start = file?.LastIndexOf("/src/NetHook/", StringComparison.Ordinal) ?? -1;
        if (start < 0)
            return null;
        string[] parts = file![(start + "/src/NetHook/".Length)..].Split('/');
        string folder = string.Join('/', parts.SkipLast(1));
        return MayUse.Keys.Where(key => folder == key || folder.StartsWith(key + "/", StringComparison.Ordinal)).OrderByDescending(key => key.Length).FirstOrDefault() ?? folder;
    }
}
