using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Scoring;

namespace Rlhf.Server.Tests.Scoring;

public sealed class TrainerTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Trainers_in_Python_get_the_models_scores_in_the_shapes_that_they_know()
    {
        await using var place = await ScoringPlace.OpenAsync(onlyOne: true);
        string[] prompts = ["The cat", "The dog jumps"], texts = ["The cat sat on the mat.", "The dog jumps over the moon."];

        var said = await PythonAsync(place.Server.Addresses[0], "helpful", JsonSerializer.Serialize(texts), JsonSerializer.Serialize(prompts));

        // The same texts as prompt and completion, without a template that would write them otherwise.
        var own = await place.Serving.ScoreAsync(new("", [.. texts.Zip(prompts, (t, p) => new TextToScore.Answered(Steps.Data.Turn.User(p), t[p.Length..]))]), Token);
        foreach (var list in new[] { said["openrlhf"]!["alone"], said["openrlhf"]!["together"], said["openrlhf"]!["scores"], said["verl"]!["alone"] })
            Assert.All(own.Scores.Zip(list!.AsArray()), s => Assert.Equal(s.First.Score, s.Second!.GetValue<float>(), 1e-5f));
    }

    [Fact]
    public async Task What_a_trainers_tokenizer_put_at_the_end_counts_once()
    {
        await using var place = await ScoringPlace.OpenAsync(onlyOne: true);
        var expected = (await place.Serving.ScoreAsync(new("", [new TextToScore.Answered(Steps.Data.Turn.User("The cat"), " sat.")]), Token)).Scores[0];
        var ids = (await place.PostAsync("/v1/score", """{"inputs":[{"prompt":"The cat","completions":[" sat."]}]}""")).Body!["models"]![0]!["inputs"]![0]![0]!;

        var written = (await place.Serving.ScoreAsync(new("", [new TextToScore.Written("The cat sat.", "The cat")]), Token)).Scores[0];

        Assert.Equal((expected.Tokens, expected.CompletionTokens), (written.Tokens, written.CompletionTokens));
        Assert.Equal(expected.Score, written.Score, 1e-5f);
        Assert.Equal(expected.Tokens, ids["tokens"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("""{"input":"The cat sat."}""", true)] // vLLM's own default
    [InlineData("""{"input":"The cat sat.","activation":true,"model":"helpful"}""", true)]
    [InlineData("""{"input":"The cat sat.","activation":false,"truncate_prompt_tokens":-1}""", false)] // fields that are not known here
    public async Task With_activation_the_logistic_function_is_given_as_vLLM_does(string body, bool activated)
    {
        await using var place = await ScoringPlace.OpenAsync(onlyOne: true);
        var score = (await place.Serving.ScoreAsync(new("", [new TextToScore.Written("The cat sat.", null)]), Token)).Scores[0].Score;

        var given = (await place.PostAsync("/classify", body)).Body!["data"]![0]!["probs"]![0]!.GetValue<float>();

        Assert.Equal(activated ? 1 / (1 + Math.Exp(-score)) : score, given, 1e-5);
    }

    static async Task<JsonNode> PythonAsync(params string[] arguments)
    {
        var script = Path.Combine(Place.Repository, "tests", "Rlhf.Server.Tests", "Scoring", "trainers.py");
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo("python3", [script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            if (Environment.GetEnvironmentVariable("CI") is not null) throw;
            Assert.Skip("There is no python3 on this machine.");
            throw;
        }
        using (process)
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
            await process.WaitForExitAsync(Token);
            Assert.True(process.ExitCode == 0, await error);
            return JsonNode.Parse(await output)!;
        }
    }
}
