using System.Reflection;

namespace NetHook;

/// <summary>A place in the code that runs a layer by <c>forward()</c>, which runs no hooks.</summary>
public sealed record ForwardCall
{
    internal ForwardCall(string layer, string? module, MethodBase method, int arguments, bool hasCall)
    {
        Layer = layer;
        Module = module;
        Method = method;
        HasCall = hasCall;
        MethodName = WrittenMethod.Name(method);
        Explanation = $"{MethodName} runs {(layer.Length == 0 ? "the model" : $"'{layer}'")} by forward(), which runs no hooks. "
            + RewriteAdvice.For(method, layer, arguments, hasCall);
    }

    /// <summary>The layer's path; empty for the model itself.</summary>
    public string Layer { get; }

    /// <summary>The path of the module whose code runs the layer; empty for the model itself, null if the code is that of the pass.</summary>
    public string? Module { get; }

    /// <summary>The method as it was compiled: for a lambda, the one that the compiler made of it.</summary>
    public MethodBase Method { get; }

    /// <summary>The method as it is in the source, such as <c>Net.forward</c>.</summary>
    public string MethodName { get; }

    /// <summary>Says what runs the layer, and what to do about it.</summary>
    public string Explanation { get; }

    /// <summary>Whether <c>call()</c> has an overload with the arguments that are given.</summary>
    internal bool HasCall { get; }

    /// <inheritdoc cref="Explanation"/>
    /// <returns>The explanation.</returns>
    public override string ToString() => Explanation;
}
