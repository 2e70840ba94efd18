using System.Collections;
using System.Reflection;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

/// <summary>Looks at the hooks that TorchSharp itself holds, independently of the library.</summary>
internal static class Hooks
{
    public static int Count(Module model) => Of(model).Count + model.modules().Sum(module => Of(module).Count);

    public static IReadOnlyList<object> Of(Module module)
    {
        var hooks = new List<object>();
        for (Type? type = module.GetType(); type is not null; type = type.BaseType)
        {
            foreach (string name in new[] { "pre_hooks", "post_hooks", "module_pre_hooks", "module_post_hooks" })
            {
                FieldInfo? field = type.GetField(name, BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly);
                if (field?.GetValue(module) is IDictionary table)
                    hooks.AddRange(table.Values.Cast<object>());
            }
        }

        return hooks;
    }
}
