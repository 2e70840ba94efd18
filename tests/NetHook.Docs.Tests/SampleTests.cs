using NetHook.Build.Tests;

namespace NetHook.Docs.Tests;

/// <summary>Every sample runs as its first lines say, from the repository's root, and prints what it is there to show.</summary>
public class SampleTests
{
    [Fact]
    public async Task Features_tell_continents_by_layer()
    {
        string printed = await Run("features");
        Assert.Contains("transformer.drop", printed, StringComparison.Ordinal);
        Assert.Contains("Most alike at transformer.h.", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Grad_cam_finds_the_shapes_and_writes_the_picture()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("nethook-sample-");
        try
        {
            string picture = Path.Combine(folder.FullName, "grad-cam.png");
            string printed = await Run("grad-cam", picture);
            Assert.Contains(": found", printed, StringComparison.Ordinal);
            Assert.Equal([0x89, .. "PNG"u8], File.ReadAllBytes(picture)[..4]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Nan_hunter_names_the_layers_to_blame()
    {
        string printed = await Run("nan-hunter");
        Assert.Contains("'scale' (Standardize) returned 16 NaN", printed, StringComparison.Ordinal);
        Assert.Contains("the gradient at the output of 'encode'", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_answers_each_request_as_if_it_were_alone() => Assert.Contains(
        ": 0 wrong answers, 0 traces left on the model.", await Run("server", "--self-test"), StringComparison.Ordinal);

    [Fact]
    public async Task Lora_counts_down_with_its_adapters_and_up_again_without()
    {
        string printed = await Run("lora");
        Assert.Contains("Adapted to count down: 5 4 3 2 1 0 11 10", printed, StringComparison.Ordinal);
        Assert.Contains("Adapters taken out:    5 6 7 8 9 10 11 0", printed, StringComparison.Ordinal);
        Assert.Contains("bitwise as before", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Steering_moves_countries_and_a_random_direction_does_not()
    {
        string printed = await Run("steering");
        Assert.Contains("nothing          Europe", printed, StringComparison.Ordinal);
        Assert.Contains("2 x direction    Asia", printed, StringComparison.Ordinal);
        Assert.Contains("2 x a random one Europe", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Own_model_goes_through_lens_tracing_and_an_edit()
    {
        string printed = await Run("own-model");
        Assert.Contains("blocks.3 ", printed, StringComparison.Ordinal);
        Assert.Contains("with the subject (*) corrupted", printed, StringComparison.Ordinal);
        Assert.Contains("Edited blocks.1.mlp.project.weight: The capital of", printed, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_sample_is_run_here()
    {
        string source = File.ReadAllText(Repository.PathOf("tests", "NetHook.Docs.Tests", "SampleTests.cs"));
        foreach (string? sample in Directory.EnumerateFiles(Repository.PathOf("samples"), "*.cs").Select(Path.GetFileNameWithoutExtension))
            Assert.Contains($"Run(\"{sample}\"", source, StringComparison.Ordinal);
    }

    private static Task<string> Run(string sample, params string[] arguments) =>
        Dotnet.Run(Repository.Root, ["run", $"samples/{sample}.cs", "--", .. arguments]);
}
