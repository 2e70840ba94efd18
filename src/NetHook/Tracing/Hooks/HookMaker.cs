using System.Collections.Concurrent;
using System.Reflection;
using TorchSharp;
using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>Finds, once for each type of module, the hook that fits its arguments and result.</summary>
internal static class HookMaker
{
    private static readonly Dictionary<Type, Type> HookOf = new()
    {
        [typeof(Module<,>)] = typeof(OneArgument<,>),
        [typeof(Module<,,>)] = typeof(TwoArguments<,,>),
        [typeof(Module<,,,>)] = typeof(ThreeArguments<,,,>),
        [typeof(Module<,,,,>)] = typeof(FourArguments<,,,,>),
        [typeof(Module<,,,,,>)] = typeof(FiveArguments<,,,,,>),
        [typeof(Module<,,,,,,>)] = typeof(SixArguments<,,,,,,>),
        [typeof(torch.jit.ScriptModule<,>)] = typeof(ScriptOneArgument<,>),
        [typeof(torch.jit.ScriptModule<,,>)] = typeof(ScriptTwoArguments<,,>),
    };

    private static readonly ConcurrentDictionary<Type, Func<Trace, LayerHook>?> Makers = new();

    /// <summary>What makes the hook for a type of module; null when the type has no hooks.</summary>
    public static Func<Trace, LayerHook>? For(Type module) => Makers.GetOrAdd(module, static type =>
    {
        if (HookableTypes.CalledAs(type) is not { } called)
            return null;
        Type hook = HookOf[called.GetGenericTypeDefinition()].MakeGenericType(called.GetGenericArguments());
        return Maker(hook.GetConstructor([typeof(Trace)])!);
    });

    public static string WhyNot(Trace trace)
    {
        string layer = trace.Described;
        if (trace.Module is torch.jit.ScriptModule)
        {
            return $"Layer {layer} is a scripted module loaded without its types, which TorchSharp gives no hooks. "
                + "Load it with torch.jit.load<T, TResult>(...), or <T1, T2, TResult> for two arguments.";
        }

        var children = trace.Module.named_children().Select(child => child.name).ToList();
        string instead = children.Count == 0
            ? "It has no children to trace instead."
            : $"Trace its children: {string.Join(", ", children.Take(8))}{(children.Count > 8 ? $" and {children.Count - 8} more" : "")}.";
        return $"Layer {layer} is never called: it is no Module<T, TResult>, only a holder of modules. {instead}";
    }

    private static Func<Trace, LayerHook> Maker(ConstructorInfo constructor)
    {
        var invoker = ConstructorInvoker.Create(constructor);
        return trace =>
        {
            try
            {
                return (LayerHook)invoker.Invoke(trace);
            }
            catch (TargetInvocationException exception) when (exception.InnerException is ArgumentException inner)
            {
                throw inner;
            }
        };
    }
}
