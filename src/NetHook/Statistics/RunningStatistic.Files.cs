using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

public abstract partial class RunningStatistic
{
    // More would not be exact as a double, and would take thousands of years.
    private const long MostSamples = 1L << 53;

    /// <summary>
    /// Writes all there is to go on with later, as a safetensors file. What was there before is replaced only once the
    /// new file is complete.
    /// </summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <exception cref="IOException">The file cannot be written. A file that was there before is as it was.</exception>
    /// <exception cref="ObjectDisposedException">The statistic, or one that it combines, was disposed. A file that was there before is as it was.</exception>
    /// <exception cref="InvalidOperationException">The sums have become infinite or NaN, because the activations were near the largest
    /// doubles: no program could go on from them. A file that was there before is as it was.</exception>
    /// <remarks>The keys are the accumulators' names, <c>count</c>, <c>features</c>, and the settings; Python's safetensors reads them.</remarks>
    public void Save(string path)
    {
        using var writer = new StatisticWriter();
        Write(writer);
        writer.Save(path);
    }

    /// <summary>Reads a statistic from a file that <see cref="Save"/> wrote. Its accumulators are on the CPU.</summary>
    /// <typeparam name="T">The statistic's type, or <see cref="RunningStatistic"/> for any.</typeparam>
    /// <param name="path">The file.</param>
    /// <returns>The statistic, which is the caller's to dispose.</returns>
    /// <exception cref="CheckpointException">The file is missing, damaged, or holds something else.</exception>
    public static T Load<T>(string path)
        where T : RunningStatistic
    {
        using var file = SafetensorsFile.Open(path);
        RunningStatistic statistic = Read(new(file));
        if (statistic is T asked)
            return asked;
        statistic.Dispose();
        throw new CheckpointException(path, null, $"It holds a {TypeNames.Of(statistic)}, not a {TypeNames.Of(typeof(T))}.");
    }

    /// <exception cref="CheckpointException">The file is damaged, or holds something else.</exception>
    internal static RunningStatistic Read(StatisticReader reader)
    {
        using IDisposable mode = inference_mode(false);
        using IDisposable gradients = no_grad();
        RunningStatistic statistic = reader.Type == nameof(CombinedStatistic)
            ? CombinedStatistic.From(reader)
            : (StatisticKind.All.FirstOrDefault(kind => kind.Type.Name == reader.Type)?.Read
                ?? throw reader.Bad($"It holds a {reader.Type}, which is no running statistic known here."))(reader);
        try
        {
            statistic.Restore(reader);
            return statistic;
        }
        catch
        {
            statistic.Dispose();
            throw;
        }
    }

    /// <exception cref="ObjectDisposedException">The statistic was disposed: it has nothing left to be written.</exception>
    internal void Write(StatisticWriter writer)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (Features is not null && FindDamage() is { } damage)
            throw new InvalidOperationException($"{TypeNames.Of(this)} cannot be saved{(damage.Name is null ? "" : $", because of '{damage.Name}'")}: {damage.Problem}");
        writer.Type = GetType().Name;
        writer.Write("count", Count);
        if (Features is { } features)
            writer.Write("features", features);
        WriteSettings(writer);
        foreach ((string name, Tensor tensor) in State.All)
            writer.Write(name, tensor);
    }

    /// <summary>Writes what the type needs besides the accumulators.</summary>
    private protected virtual void WriteSettings(StatisticWriter writer)
    {
    }

    /// <summary>What cannot be in the accumulators, by the name of the one that shows it if there is one; null if all is sound.</summary>
    private protected virtual Damage? WhyDamaged() => null;

    private Damage? FindDamage()
    {
        using IDisposable mode = inference_mode(false);
        using IDisposable gradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return WhyDamaged();
    }

    private void Restore(StatisticReader reader)
    {
        Count = reader.ReadInteger("count", least: 0, most: MostSamples);
        if (!reader.Has("features"))
        {
            if (Count > 0)
                throw reader.Bad("It counts samples and says nothing of their features.");
            return;
        }

        Features = reader.ReadInteger("features", least: 1);
        foreach (AccumulatorLayout layout in Layout(Features.Value))
            State[layout.Name] = reader.ReadTensor(layout);
        if (FindDamage() is { } damage)
            throw reader.Bad(damage.Problem, damage.Name);
    }
}
