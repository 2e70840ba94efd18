using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Walks over every public module type that TorchSharp has: each is copied exactly, or refused by name.</summary>
// Seeds are the process's, so these run alone.
[Collection(LiveTensors.Name)]
public class EveryModuleTests
{
    private static readonly Recipe[] Recipes = [.. ModuleRecipes.All.Concat(NativeRecipes.All)];

    public static TheoryData<int, string> Numbered => [.. Recipes.Select((recipe, number) => (number, TypeNames.Of(Make(recipe))))];

    [Theory]
    [MemberData(nameof(Numbered))]
    public void A_copy_is_exact(int number, string type)
    {
        Assert.NotEmpty(type);
        using nn.Module module = Make(Recipes[number]);

        ExactCopy.Check(module, Recipes[number].Run);
    }

    [Fact]
    public void Every_type_has_a_recipe_or_is_refused()
    {
        var copied = Recipes.Select(recipe => Make(recipe).GetType()).Select(Definition).ToHashSet();
        IEnumerable<Type> types = typeof(nn.Module).Assembly.GetExportedTypes()
            // Classes to derive from are covered by the custom modules of the other tests.
            .Where(type => typeof(nn.Module).IsAssignableFrom(type) && !type.IsAbstract && type != typeof(nn.Module) && type != typeof(nn.HookableModule<,>));

        IOrderedEnumerable<string> refused = types.Where(type => !copied.Contains(type)).Select(Refusal).Order(StringComparer.Ordinal);

        Assert.Equal(File.ReadAllText(Approved), string.Join('\n', refused) + "\n");
    }

    private static string Approved => Path.Combine(Path.GetDirectoryName(ThisFile())!, "refused-modules.approved.txt");

    private static string Refusal(Type type)
    {
        Type closed = type.IsGenericTypeDefinition ? type.MakeGenericType([.. type.GetGenericArguments().Select(_ => typeof(Tensor))]) : type;
        // It is refused for what it is, before anything of it is looked at.
        var module = (nn.Module)RuntimeHelpers.GetUninitializedObject(closed);
        ModuleCopyException refused = Assert.Throws<ModuleCopyException>(() => module.DeepCopy());
        Assert.Equal(closed, refused.ObstacleType);
        return $"{TypeNames.Of(type)}: {refused.Reason}";
    }

    private static nn.Module Make(Recipe recipe)
    {
        manual_seed(1);
        return recipe.Make();
    }

    private static Type Definition(Type type) => type.IsGenericType ? type.GetGenericTypeDefinition() : type;

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
