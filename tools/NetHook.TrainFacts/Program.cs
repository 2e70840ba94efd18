using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using NetHook.Interpretability;
using NetHook.TrainFacts;
using TorchSharp;

var data = new Option<DirectoryInfo?>("--data") { Description = "The folder of the facts; by default data in the bundled model's." };
var threads = new Option<int>("--threads") { Description = "The threads to compute with.", DefaultValueFactory = _ => 2 };
var output = new Option<DirectoryInfo>("--out") { Description = "The folder to write the model to.", Required = true };
var seed = new Option<int>("--seed") { Description = "The seed of weights and of the order of the text.", DefaultValueFactory = _ => new TrainingSettings().Seed };
var steps = new Option<int>("--steps") { Description = "How many batches to train on.", DefaultValueFactory = _ => new TrainingSettings().Steps };
var folder = new Option<DirectoryInfo?>("--model") { Description = "The folder of the model; by default the bundled one." };

var train = new Command("train", "Trains the bundled model from the start and writes it in Hugging Face's layout.") { output, seed, steps, data, threads };
train.SetAction(arguments =>
{
    torch.set_num_threads(arguments.GetValue(threads));
    var book = FactBook.Load(arguments.GetValue(data)?.FullName);
    Tokenizer tokenizer = FactVocabulary.Learn(book);
    using var training = new FactTraining(book, tokenizer, new() { Seed = arguments.GetValue(seed), Steps = arguments.GetValue(steps) });
    using var model = new LanguageModel(training.Model, tokenizer);
    var clock = Stopwatch.StartNew();
    training.Run((step, loss) => Print($"step {step,5}   loss {loss:F3}   {clock.Elapsed.TotalSeconds,4:F0} s"));

    // Half precision halves the file and loses nothing that is asked of the model.
    model.Model.to(torch.ScalarType.Float16);
    model.SavePretrained(arguments.GetValue(output)!.FullName);
});

var evaluate = new Command("evaluate", "Asks a model for every fact, in every phrasing.") { folder, data, threads };
evaluate.SetAction(arguments =>
{
    torch.set_num_threads(arguments.GetValue(threads));
    var book = FactBook.Load(arguments.GetValue(data)?.FullName);
    using var model = LanguageModel.FromPretrained(arguments.GetValue(folder)?.FullName ?? BundledModel.Folder);
    Console.WriteLine(FactReport.Of(book, new FactQuiz(model)));
});

return new RootCommand("Trains and examines the bundled model.") { train, evaluate }.Parse(args).Invoke();

static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
