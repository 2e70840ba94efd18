using static TorchSharp.torch.jit;
using static TorchSharp.torch.nn;

namespace NetHook;

// TorchSharp's modules have one generic type, and one pair of hook types, for each number of arguments. This is the
// one file that says the same thing for each of them; an input of several arguments is a tuple everywhere else.

internal sealed class OneArgument<T, TResult>(Trace trace)
    : LayerHook<T, TResult, Func<Module<T, TResult>, T, T>, Func<Module<T, TResult>, T, TResult, TResult>>(trace)
{
    protected override Func<Module<T, TResult>, T, T> PreHook => Before;

    protected override Func<Module<T, TResult>, T, TResult, TResult> PostHook => After;
}

internal sealed class TwoArguments<T1, T2, TResult>(Trace trace)
    : LayerHook<(T1, T2), TResult, Func<Module<T1, T2, TResult>, T1, T2, (T1, T2)?>, Func<Module<T1, T2, TResult>, T1, T2, TResult, TResult>>(trace)
{
    protected override Func<Module<T1, T2, TResult>, T1, T2, (T1, T2)?> PreHook => (module, a, b) => Before(module, (a, b));

    protected override Func<Module<T1, T2, TResult>, T1, T2, TResult, TResult> PostHook =>
        (module, a, b, result) => After(module, (a, b), result);
}

internal sealed class ThreeArguments<T1, T2, T3, TResult>(Trace trace)
    : LayerHook<(T1, T2, T3), TResult, Func<Module<T1, T2, T3, TResult>, T1, T2, T3, (T1, T2, T3)?>, Func<Module<T1, T2, T3, TResult>, T1, T2, T3, TResult, TResult>>(trace)
{
    protected override Func<Module<T1, T2, T3, TResult>, T1, T2, T3, (T1, T2, T3)?> PreHook =>
        (module, a, b, c) => Before(module, (a, b, c));

    protected override Func<Module<T1, T2, T3, TResult>, T1, T2, T3, TResult, TResult> PostHook =>
        (module, a, b, c, result) => After(module, (a, b, c), result);
}

internal sealed class FourArguments<T1, T2, T3, T4, TResult>(Trace trace)
    : LayerHook<(T1, T2, T3, T4), TResult, Func<Module<T1, T2, T3, T4, TResult>, T1, T2, T3, T4, (T1, T2, T3, T4)?>, Func<Module<T1, T2, T3, T4, TResult>, T1, T2, T3, T4, TResult, TResult>>(trace)
{
    protected override Func<Module<T1, T2, T3, T4, TResult>, T1, T2, T3, T4, (T1, T2, T3, T4)?> PreHook =>
        (module, a, b, c, d) => Before(module, (a, b, c, d));

    protected override Func<Module<T1, T2, T3, T4, TResult>, T1, T2, T3, T4, TResult, TResult> PostHook =>
        (module, a, b, c, d, result) => After(module, (a, b, c, d), result);
}

internal sealed class FiveArguments<T1, T2, T3, T4, T5, TResult>(Trace trace)
    : LayerHook<(T1, T2, T3, T4, T5), TResult, Func<Module<T1, T2, T3, T4, T5, TResult>, T1, T2, T3, T4, T5, (T1, T2, T3, T4, T5)?>, Func<Module<T1, T2, T3, T4, T5, TResult>, T1, T2, T3, T4, T5, TResult, TResult>>(trace)
{
    protected override Func<Module<T1, T2, T3, T4, T5, TResult>, T1, T2, T3, T4, T5, (T1, T2, T3, T4, T5)?> PreHook =>
        (module, a, b, c, d, e) => Before(module, (a, b, c, d, e));

    protected override Func<Module<T1, T2, T3, T4, T5, TResult>, T1, T2, T3, T4, T5, TResult, TResult> PostHook =>
        (module, a, b, c, d, e, result) => After(module, (a, b, c, d, e), result);
}

internal sealed class SixArguments<T1, T2, T3, T4, T5, T6, TResult>(Trace trace)
    : LayerHook<(T1, T2, T3, T4, T5, T6), TResult, Func<Module<T1, T2, T3, T4, T5, T6, TResult>, T1, T2, T3, T4, T5, T6, (T1, T2, T3, T4, T5, T6)?>, Func<Module<T1, T2, T3, T4, T5, T6, TResult>, T1, T2, T3, T4, T5, T6, TResult, TResult>>(trace)
{
    protected override Func<Module<T1, T2, T3, T4, T5, T6, TResult>, T1, T2, T3, T4, T5, T6, (T1, T2, T3, T4, T5, T6)?> PreHook =>
        (module, a, b, c, d, e, f) => Before(module, (a, b, c, d, e, f));

    protected override Func<Module<T1, T2, T3, T4, T5, T6, TResult>, T1, T2, T3, T4, T5, T6, TResult, TResult> PostHook =>
        (module, a, b, c, d, e, f, result) => After(module, (a, b, c, d, e, f), result);
}

internal sealed class ScriptOneArgument<T, TResult>(Trace trace)
    : LayerHook<T, TResult, Func<ScriptModule<T, TResult>, T, T>, Func<ScriptModule<T, TResult>, T, TResult, TResult>>(trace)
{
    protected override Func<ScriptModule<T, TResult>, T, T> PreHook => Before;

    protected override Func<ScriptModule<T, TResult>, T, TResult, TResult> PostHook => After;
}

internal sealed class ScriptTwoArguments<T1, T2, TResult>(Trace trace)
    : LayerHook<(T1, T2), TResult, Func<ScriptModule<T1, T2, TResult>, T1, T2, (T1, T2)?>, Func<ScriptModule<T1, T2, TResult>, T1, T2, TResult, TResult>>(trace)
{
    protected override Func<ScriptModule<T1, T2, TResult>, T1, T2, (T1, T2)?> PreHook => (module, a, b) => Before(module, (a, b));

    protected override Func<ScriptModule<T1, T2, TResult>, T1, T2, TResult, TResult> PostHook =>
        (module, a, b, result) => After(module, (a, b), result);
}
