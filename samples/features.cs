#:project ../src/NetHook.Interpretability/NetHook.Interpretability.csproj

// Features from the layers of a language model. It reads "The capital of France is": what does each layer know of the
// continent by then, which nobody asked for? A country counts as known where the one most like it, by the angle between
// their features, is of the same continent.
using NetHook;
using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;

set_num_threads(1);
using var _ = no_grad();
using var model = LanguageModel.FromPretrained(BundledModel.Folder);
var countries = FactBook.Load().Facts.Where(fact => fact.Relation == "continent").ToList();

// One pass for each country, which ends behind the last block: the head is not needed.
string[] layers = ["transformer.drop", .. model.Model.ModuleNames("transformer.h.*")];
var features = layers.ToDictionary(layer => layer, _ => new List<Tensor>());
using (var traces = new TraceDict(model.Model, layers, new() { Stop = true }))
{
    foreach (var country in countries)
    {
        using var scope = NewDisposeScope();
        var prompt = $"The capital of {country.Subject} is";
        var last = model.Tokenizer.TokenRange(prompt, country.Subject).End.Value - 1;
        traces.Run(() => model.Model.call(model.Tokens(prompt)));
        foreach (var (layer, trace) in traces) features[layer].Add(trace.Output[0, last].clone().MoveToOuterDisposeScope());
    }
}

var largest = countries.CountBy(country => country.Answer).MaxBy(count => count.Value);
Console.WriteLine($"{countries.Count} countries; {(double)largest.Value / countries.Count:P0} of them are in {largest.Key}.");
Console.WriteLine();
Console.WriteLine("layer             continent known");
var best = (Layer: "", Known: 0, Alike: ones(0));
foreach (var layer in layers)
{
    var alike = Alike(features[layer]);
    var nearest = alike.argmax(1).data<long>().ToArray();
    var known = countries.Where((country, i) => countries[(int)nearest[i]].Answer == country.Answer).Count();
    Console.WriteLine($"{layer,-16}  {(double)known / countries.Count,4:P0} {new string('#', known * 40 / countries.Count)}");
    if (known > best.Known) best = (layer, known, alike);
}

Console.WriteLine();
Console.WriteLine($"Most alike at {best.Layer}:");
foreach (var name in (string[])["Japan", "Portugal", "Kenya", "Peru"])
{
    var row = countries.FindIndex(country => country.Subject == name);
    var others = best.Alike[row].topk(4).indexes.data<long>().Select(other => countries[(int)other].Subject);
    Console.WriteLine($"  {name,-9} {string.Join(", ", others)}");
}

// The cosine of the angle between each two, around the mean; none with itself.
static Tensor Alike(List<Tensor> vectors)
{
    var rows = stack(vectors);
    rows -= rows.mean([0]);
    rows /= rows.norm(1, keepdim: true);
    return rows.matmul(rows.T) - (2 * eye(rows.shape[0]));
}
