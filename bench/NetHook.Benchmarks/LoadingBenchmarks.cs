using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Microsoft.Win32.SafeHandles;
using NetHook.Interpretability;
using static TorchSharp.torch;

namespace NetHook.Benchmarks;

/// <summary>Reading a folder of 500 MB (GPT-2 of 124 million parameters, Float32), beside a plain copy of its file into memory.</summary>
public unsafe class LoadingBenchmarks
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nethook-loading-").FullName;

    private string Weights => Path.Combine(_folder, "model.safetensors");

    [GlobalSetup]
    public void Setup()
    {
        using var model = new Gpt2(new Gpt2Config());
        model.SavePretrained(_folder);
    }

    [GlobalCleanup]
    public void Cleanup() => Directory.Delete(_folder, recursive: true);

    [Benchmark(Baseline = true)]
    public void PlainCopy()
    {
        using SafeFileHandle file = File.OpenHandle(Weights);
        long length = RandomAccess.GetLength(file);
        byte* memory = (byte*)NativeMemory.Alloc((nuint)length);
        for (long at = 0; at < length;)
            at += RandomAccess.Read(file, new Span<byte>(memory + at, (int)Math.Min(1 << 24, length - at)), at);
        NativeMemory.Free(memory);
    }

    [Benchmark]
    public void Load() => DecoderModel.FromPretrained(_folder).Dispose();
}
