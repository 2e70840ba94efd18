using System.Reflection;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Interventions hold the scalars of their numbers as long as they live, and no longer.</summary>
public sealed class HeldInterventionTests
{
    private static readonly Dictionary<string, (Func<Intervention> Make, double Expected)> Interventions = new()
    {
        ["Add"] = (() => NetHook.Interventions.Add(ones(3).DetachFromDisposeScope(), 4), 6),
        ["Scale"] = (() => NetHook.Interventions.Scale(4), 8),
        ["Clamp"] = (() => NetHook.Interventions.Clamp(-1, 1), 1),
        ["Noise"] = (() => NetHook.Interventions.Noise(0, seed: 0), 2),
    };

    public static TheoryData<string> Names => [.. Interventions.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Number_is_held_as_long_as_the_intervention_lives(string name)
    {
        (Func<Intervention> make, double expected) = Interventions[name];
        Intervention intervention = make();
        IReadOnlyList<WeakReference> scalars = ScalarsOf(intervention);
        Collect();

        Assert.NotEmpty(scalars);
        Assert.All(scalars, scalar => Assert.True(scalar.IsAlive));
        using DisposeScope scope = NewDisposeScope();
        for (int i = 0; i < 3; i++)
            TensorAssert.Same(full(3, expected), intervention(full(3, 2f), "layer"));
        GC.KeepAlive(intervention);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Number_is_let_go_with_the_intervention(string name)
    {
        IReadOnlyList<WeakReference> scalars = MakeAndForget(name);
        Collect();

        Assert.All(scalars, scalar => Assert.False(scalar.IsAlive));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<WeakReference> MakeAndForget(string name) => ScalarsOf(Interventions[name].Make());

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<WeakReference> ScalarsOf(Intervention intervention) =>
    [
        .. intervention.Target!.GetType().GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(field => field.GetValue(intervention.Target)).OfType<Scalar>().Select(scalar => new WeakReference(scalar, trackResurrection: true)),
    ];

    private static void Collect()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
