using System.Runtime.CompilerServices;
using static TorchSharp.torch.jit;
using static TorchSharp.torch.nn;

namespace NetHook;

// TorchSharp's modules have one generic type, and one pair of hook types, for each number of arguments. This is the
// one file that says the same thing for each of them; an input of several arguments is a tuple everywhere else.

internal sealed class OneArgument<T, TResult>(HookedLayer layer)
    : LayerHook<T, TResult, Func<Module<T, TResult>, T, T>, Func<Module<T, TResult>, T, TResult, TResult>>(layer)
{
    protected override Func<Module<T, TResult>, T, T> PreHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a) => Before(module, a, Frame);

    protected override Func<Module<T, TResult>, T, TResult, TResult> PostHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, result) => After(module, a, result, Frame);
}

internal sealed class TwoArguments<T1, T2, TResult>(HookedLayer layer)
    : LayerHook<(T1, T2), TResult, Func<Module<T1, T2, TResult>, T1, T2, (T1, T2)?>, Func<Module<T1, T2, TResult>, T1, T2, TResult, TResult>>(layer)
{
    protected override Func<Module<T1, T2, TResult>, T1, T2, (T1, T2)?> PreHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, b) => Before(module, (a, b), Frame);

    protected override Func<Module<T1, T2, TResult>, T1, T2, TResult, TResult> PostHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, b, result) => After(module, (a, b), result, Frame);
}

internal sealed class ThreeArguments<T1, T2, T3, TResult>(HookedLayer layer)
    : LayerHook<(T1, T2, T3), TResult, Func<Module<T1, T2, T3, TResult>, T1, T2, T3, (T1, T2, T3)?>, Func<Module<T1, T2, T3, TResult>, T1, T2, T3, TResult, TResult>>(layer)
{
    protected override Func<Module<T1, T2, T3, TResult>, T1, T2, T3, (T1, T2, T3)?> PreHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, b, c) => Before(module, (a, b, c), Frame);

    protected override Func<Module<T1, T2, T3, TResult>, T1, T2, T3, TResult, TResult> PostHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, b, c, result) => After(module, (a, b, c), result, Frame);
}

internal sealed class FourArguments<T1, T2, T3, T4, TResult>(HookedLayer layer)
    : LayerHook<(T1, T2, T3, T4), TResult, Func<Module<T1, T2, T3, T4, TResult>, T1, T2, T3, T4, (T1, T2, T3, T4)?>, Func<Module<T1, T2, T3, T4, TResult>, T1, T2, T3, T4, TResult, TResult>>(layer)
{
    protected override Func<Module<T1, T2, T3, T4, TResult>, T1, T2, T3, T4, (T1, T2, T3, T4)?> PreHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, b, c, d) => Before(module, (a, b, c, d), Frame);

    protected override Func<Module<T1, T2, T3, T4, TResult>, T1, T2, T3, T4, TResult, TResult> PostHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, b, c, d, result) => After(module, (a, b, c, d), result, Frame);
}

internal sealed class FiveArguments<T1, T2, T3, T4, T5, TResult>(HookedLayer layer)
    : LayerHook<(T1, T2, T3, T4, T5), TResult, Func<Module<T1, T2, T3, T4, T5, TResult>, T1, T2, T3, T4, T5, (T1, T2, T3, T4, T5)?>, Func<Module<T1, T2, T3, T4, T5, TResult>, T1, T2, T3, T4, T5, TResult, TResult>>(layer)
{
    protected override Func<Module<T1, T2, T3, T4, T5, TResult>, T1, T2, T3, T4, T5, (T1, T2, T3, T4, T5)?> PreHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, b, c, d, e) => Before(module, (a, b, c, d, e), Frame);

    protected override Func<Module<T1, T2, T3, T4, T5, TResult>, T1, T2, T3, T4, T5, TResult, TResult> PostHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, b, c, d, e, result) => After(module, (a, b, c, d, e), result, Frame);
}

internal sealed class SixArguments<T1, T2, T3, T4, T5, T6, TResult>(HookedLayer layer)
    : LayerHook<(T1, T2, T3, T4, T5, T6), TResult, Func<Module<T1, T2, T3, T4, T5, T6, TResult>, T1, T2, T3, T4, T5, T6, (T1, T2, T3, T4, T5, T6)?>, Func<Module<T1, T2, T3, T4, T5, T6, TResult>, T1, T2, T3, T4, T5, T6, TResult, TResult>>(layer)
{
    protected override Func<Module<T1, T2, T3, T4, T5, T6, TResult>, T1, T2, T3, T4, T5, T6, (T1, T2, T3, T4, T5, T6)?> PreHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, b, c, d, e, f) => Before(module, (a, b, c, d, e, f), Frame);

    protected override Func<Module<T1, T2, T3, T4, T5, T6, TResult>, T1, T2, T3, T4, T5, T6, TResult, TResult> PostHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, b, c, d, e, f, result) => After(module, (a, b, c, d, e, f), result, Frame);
}

internal sealed class ScriptOneArgument<T, TResult>(HookedLayer layer)
    : LayerHook<T, TResult, Func<ScriptModule<T, TResult>, T, T>, Func<ScriptModule<T, TResult>, T, TResult, TResult>>(layer)
{
    protected override Func<ScriptModule<T, TResult>, T, T> PreHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a) => Before(module, a, Frame);

    protected override Func<ScriptModule<T, TResult>, T, TResult, TResult> PostHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, result) => After(module, a, result, Frame);
}

internal sealed class ScriptTwoArguments<T1, T2, TResult>(HookedLayer layer)
    : LayerHook<(T1, T2), TResult, Func<ScriptModule<T1, T2, TResult>, T1, T2, (T1, T2)?>, Func<ScriptModule<T1, T2, TResult>, T1, T2, TResult, TResult>>(layer)
{
    protected override Func<ScriptModule<T1, T2, TResult>, T1, T2, (T1, T2)?> PreHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, b) => Before(module, (a, b), Frame);

    protected override Func<ScriptModule<T1, T2, TResult>, T1, T2, TResult, TResult> PostHook =>
        [MethodImpl(CallFrame.Fixed)] (module, a, b, result) => After(module, (a, b), result, Frame);
}
