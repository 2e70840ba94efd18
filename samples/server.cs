#:sdk Microsoft.NET.Sdk.Web
#:project ../src/NetHook/NetHook.csproj

// One model behind a web server. Each request sees and changes its own forward pass, and no other's:
//   dotnet run samples/server.cs                      serves http://localhost:5000
//   dotnet run samples/server.cs -- --self-test       fires requests at itself, all at once, and checks each answer
//
//   GET /predict?x=1&x=0&x=0&x=1                      the answer
//   GET /layers/blocks.1?x=1&x=0&x=0&x=1              what a layer makes of the input
//   GET /predict?without=blocks.1&x=1&x=0&x=0&x=1     the answer when that layer adds nothing
using NetHook;
using TorchSharp;
using static TorchSharp.torch;

var selfTest = args.Contains("--self-test");
manual_seed(0);
set_num_threads(1);
using var model = new Residual();
model.eval();

var builder = WebApplication.CreateSlimBuilder();
if (selfTest) builder.Logging.ClearProviders();
builder.WebHost.UseUrls(selfTest ? "http://127.0.0.1:0" : "http://localhost:5000");
await using var server = builder.Build();

// The handlers do not await while they hold a scope: TorchSharp's dispose scopes and no_grad() belong to a thread.
server.MapGet("/predict", (float[] x, string? without) => Answer(x, () =>
{
    using var ablation = without is null ? null : new Trace(model, without, new() { Scope = TraceScope.CurrentFlow, EditOutput = Interventions.Zero() });
    return model.call(tensor(x, 1, x.Length)).item<float>();
}));
server.MapGet("/layers/{layer}", (float[] x, string layer) => Answer(x, () =>
{
    using var trace = new Trace(model, layer, new() { Scope = TraceScope.CurrentFlow, Stop = true });
    trace.Run(() => model.call(tensor(x, 1, x.Length)));
    return trace.Output.data<float>().ToArray();
}));

if (!selfTest)
{
    await server.RunAsync();
    return 0;
}

await server.StartAsync();
using var client = new HttpClient { BaseAddress = new(server.Urls.Single()) };
return await SelfTest() ? 0 : 1;

static IResult Answer<T>(float[] x, Func<T> compute)
{
    if (x.Length != Residual.Inputs) return Results.BadRequest($"Give x {Residual.Inputs} times, as in ?x=1&x=0&x=0&x=1.");
    using var scope = NewDisposeScope();
    using var _ = no_grad();
    try
    {
        return Results.Ok(compute());
    }
    catch (ModuleNotFoundException e)
    {
        return Results.NotFound(e.Message);
    }
    catch (ArgumentException e)
    {
        return Results.BadRequest(e.Message); // a layer that cannot be traced
    }
}

async Task<bool> SelfTest()
{
    // What each kind of request gets when it is alone.
    string[] inputs = [.. Enumerable.Range(0, 8).Select(i => $"x={i}&x=1&x={-i}&x=0.5")];
    string[] urls = [.. inputs.SelectMany(x => new[] { $"/predict?{x}", $"/predict?without=blocks.1&{x}", $"/predict?without=blocks.0&{x}", $"/layers/blocks.1?{x}" })];
    var alone = new Dictionary<string, string>();
    foreach (var url in urls) alone[url] = await client.GetStringAsync(new Uri(url, UriKind.Relative));
    foreach (var url in urls[..4]) Console.WriteLine($"GET {url}\n    {alone[url]}");
    var missing = await client.GetAsync(new Uri($"/layers/blocks.7?{inputs[0]}", UriKind.Relative));
    Console.WriteLine($"GET /layers/blocks.7?...\n    {(int)missing.StatusCode} {await missing.Content.ReadAsStringAsync()}");

    var wrong = 0;
    var order = new Random(0);
    string[] requests = [.. Enumerable.Range(0, 2000).Select(_ => urls[order.Next(urls.Length)])];
    await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (url, cancellation) =>
    {
        var answer = await client.GetStringAsync(new Uri(url, UriKind.Relative), cancellation);
        if (answer != alone[url]) Interlocked.Increment(ref wrong);
    });
    var attached = model.ActiveTraces().Count;
    Console.WriteLine($"{requests.Length} requests, up to 32 at once: {wrong} wrong answers, {attached} traces left on the model.");
    return wrong == 0 && attached == 0 && (int)missing.StatusCode == 404;
}

/// <summary>A net whose blocks add to what they are given, so that one of them can be left out.</summary>
internal sealed class Residual : nn.Module<Tensor, Tensor>
{
    public const int Inputs = 4;

    public readonly TorchSharp.Modules.ModuleList<nn.Module<Tensor, Tensor>> blocks =
        nn.ModuleList<nn.Module<Tensor, Tensor>>(nn.Sequential(nn.Linear(Inputs, Inputs), nn.GELU()), nn.Sequential(nn.Linear(Inputs, Inputs), nn.GELU()));

    public readonly TorchSharp.Modules.Linear head = nn.Linear(Inputs, 1);

    public Residual()
        : base(nameof(Residual)) => RegisterComponents();

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        foreach (var block in blocks) input = input + block.call(input);
        return head.call(input).MoveToOuterDisposeScope();
    }
}
