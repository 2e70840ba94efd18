#:project ../src/NetHook.Interpretability/NetHook.Interpretability.csproj

// Steering (Turner et al. 2023, "Activation Addition"): a direction, added to the residual stream, changes what a language
// model says. The direction is the mean difference between countries of Asia and of Europe; added to European countries
// that had no part in it, it moves them to Asia.
using NetHook;
using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;

set_num_threads(1);
using var _ = no_grad();
using var model = LanguageModel.FromPretrained(BundledModel.Folder);
var byContinent = FactBook.Load().Facts.Where(fact => fact.Relation == "continent").ToLookup(fact => fact.Answer, fact => $"{fact.Subject} is a country in");
var (asia, europe) = (byContinent["Asia"].ToList(), byContinent["Europe"].ToList());
var (learned, kept) = (europe[..(europe.Count / 2)], europe[(europe.Count / 2)..]);

var layer = model.Layout.Block(model.Layout.Layers - 2);
var direction = MeanState(asia) - MeanState(learned);
Console.WriteLine($"Asia less Europe at {layer}: norm {direction.norm().item<float>():F1}, from {asia.Count} and {learned.Count} countries.");
Console.WriteLine($"Where {kept.Count} other European countries are, says the model, when the last token gets");

manual_seed(0);
var random = randn_like(direction);
random *= direction.norm() / random.norm();
(string Name, double Factor, Tensor Vector)[] steers =
    [("nothing", 0, direction), ("1 x direction", 1, direction), ("2 x direction", 2, direction), ("2 x a random one", 2, random)];
foreach (var (name, factor, vector) in steers)
{
    using var steer = new Trace(model.Model, layer, new() { EditOutput = Interventions.Add(vector, factor).At(Slice.Tokens(^1)) });
    var answers = kept.Select(prompt => model.NextTokens(prompt, 1)[0].Text).CountBy(answer => answer).OrderByDescending(answer => answer.Value).Take(3);
    Console.WriteLine($"  {name,-16} {string.Join(", ", answers.Select(answer => $"{answer.Key.Trim()} {answer.Value}"))}");
}

// The mean of the residual stream at the last token.
Tensor MeanState(IEnumerable<string> prompts)
{
    using var scope = NewDisposeScope();
    using var trace = new Trace(model.Model, layer, new() { Stop = true });
    var states = new List<Tensor>();
    foreach (var prompt in prompts)
    {
        trace.Run(() => model.Model.call(model.Tokens(prompt)));
        states.Add(trace.Output[0, -1]);
    }

    return stack(states).mean([0]).MoveToOuterDisposeScope();
}
