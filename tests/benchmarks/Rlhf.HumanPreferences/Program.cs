using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Rlhf.HumanPreferences;
using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Tokenizers;

// Real human preferences: a decoder from scratch beside "longer wins" and a bag of words, five-fold by prompt, everything chosen inside.
// Usage: dotnet run -c Release --project tests/benchmarks/Rlhf.HumanPreferences DATA OUT [FOLD]. DATA holds hh-rlhf and gpt2-tokenizer; OUT gets a
// file for each fold, and a fold whose file is there is not run again. With FOLD only that one is run, so that folds may be processes of their own.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is not [var folder, var output, .. var only] || only.Length > 1 || !Directory.Exists(Path.Combine(folder, "hh-rlhf")))
{
    Console.Error.WriteLine("Usage: Rlhf.HumanPreferences DATA OUT [FOLD], where DATA has hh-rlhf and gpt2-tokenizer.");
    return 2;
}
string[] sources = ["helpful-base", "helpful-online"];
var clock = Stopwatch.StartNew();
var special = new SpecialTokens("<|endoftext|>", "<|endoftext|>", "<|endoftext|>");
var tokenizer = new ByteLevelBpeTokenizer(BpeFiles.Read(Path.Combine(folder, "gpt2-tokenizer"), special));
var pairs = sources.SelectMany(s => HumanPair.Read(Path.Combine(folder, "hh-rlhf"), s)).Select(p => EncodedPair.Of(p, tokenizer)).ToList();
Directory.CreateDirectory(output);
foreach (var fold in only is [var one] ? [int.Parse(one)] : Enumerable.Range(0, Preset.Folds).Where(f => !File.Exists(Result(f)))) Run(fold);
if (only.Length > 0) return 0;

var scored = Enumerable.Range(0, Preset.Folds).SelectMany(f => JsonSerializer.Deserialize<List<Scored>>(File.ReadAllText(Result(f)))!).ToList();
Console.WriteLine(Scored.Header);
foreach (var source in sources) Console.WriteLine(Scored.Row(source, [.. scored.Where(s => s.Source == source)]));
Console.WriteLine(Scored.Row("pooled", scored));
return 0;

string Result(int fold) => Path.Combine(output, $"fold-{fold}.json");

void Run(int fold)
{
    var parts = pairs.ToLookup(p => p.Pair.Fold("fold", Preset.Folds) == fold);
    List<EncodedPair> training = [.. parts[false]], test = [.. parts[true]];
    var (preset, decoder) = CrossFitting.Best(Preset.Grid, g => CrossFitting.Run(training, test, (t, asked, seed) => Decoder(g, t, asked, seed)));
    var (ridge, _) = CrossFitting.Best(Preset.Ridges, r => CrossFitting.Run(training, [], (t, asked, _) => Bag(r, t, asked)));
    var bag = Bag(ridge, training, test);
    File.WriteAllText(Result(fold), JsonSerializer.Serialize(test.Select((p, i) => new Scored(p.Pair.Id, p.Pair.Source, decoder.Outside[i],
        decoder.Temperature.Value, bag[i], p.Pair.Chosen.Completion.Length - p.Pair.Rejected.Completion.Length))));
    Console.WriteLine($"fold {fold}: {training.Count} training and {test.Count} test pairs; {preset}; accuracy inside {Margins.Accuracy(decoder.Inside):0.000}, "
        + $"temperature {decoder.Temperature.Value:0.00}; ridge {ridge}; {clock.Elapsed.TotalSeconds:0} s");
}

double[] Decoder(Preset preset, IReadOnlyList<EncodedPair> training, IReadOnlyList<EncodedPair> asked, int seed)
{
    using var decoder = Rlhf.HumanPreferences.Decoder.Train(preset, tokenizer, training, seed);
    return decoder.Margins(asked);
}

static double[] Bag(double ridge, IReadOnlyList<EncodedPair> training, IReadOnlyList<EncodedPair> asked)
{
    var bag = BagOfWords.Fit([.. training.Select(p => (p.Pair.Chosen.Completion, p.Pair.Rejected.Completion))], ridge);
    return [.. asked.Select(p => bag.Margin(p.Pair.Chosen.Completion, p.Pair.Rejected.Completion))];
}
