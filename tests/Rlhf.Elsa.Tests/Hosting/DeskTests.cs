using System.Text.Json.Nodes;
using Rlhf.Elsa.Tests.Support;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Elsa.Tests.Hosting;

/// <summary>People judge at the desk of the store, and what waits for them runs in Elsa: worker and commands in processes of their own, as they are used.</summary>
public sealed class DeskTests
{
    [Fact]
    public async Task The_last_answer_at_the_desk_moves_a_workflow_in_Elsa_on_within_seconds()
    {
        using var folder = new Folder();
        var store = folder.Path;
        await using var host = await RunningHost.StartAsync(store, Repository.Workflow(""));
        using var worker = Programs.Command(["worker", "--engine", "elsa", "--store", store]);
        try
        {
            var (_, _) = (worker.StandardOutput.ReadToEndAsync(), worker.StandardError.ReadToEndAsync());
            var run = Programs.RunAsync(
                ["run", "refresh-reward-model", "--engine", "elsa", "--preset", "tiny", "--input", "labeler=file", "--input", "seed=1", "--json", "--store", store], host.Api.ToString(), TimeSpan.FromMinutes(7));
            var (open, answered) = (Path.Combine(store, "open.jsonl"), Path.Combine(store, "answered.jsonl"));
            while (!File.Exists(open) && !run.IsCompleted) await Programs.RunAsync(["judgements", "export", open, "--store", store]);
            Assert.False(run.IsCompleted, "nobody was asked");
            await File.WriteAllLinesAsync(answered, (await File.ReadAllLinesAsync(open)).Select(Answered));

            await Programs.RunAsync(["judgements", "answer", answered, "--store", store]);

            // By itself it would look again after ten minutes.
            Assert.StartsWith("refresh/", $"{JsonNode.Parse(await run)!["outputs"]!["refresh"]}", StringComparison.Ordinal);
        }
        finally
        {
            worker.Kill(entireProcessTree: true);
            await worker.WaitForExitAsync();
        }
    }

    static string Answered(string question, int place)
    {
        var answer = JsonNode.Parse(question)!.AsObject();
        (answer["labeler"], answer["choice"]) = ("ann", place % 3 == 0 ? "b" : "a");
        return answer.ToJsonString();
    }
}
