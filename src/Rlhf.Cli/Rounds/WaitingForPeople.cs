using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Runtime.Labeling;

namespace Rlhf.Cli.Rounds;

/// <summary>What an instance waits for people for, and the commands that let it go on.</summary>
static class WaitingForPeople
{
    public static async Task<int> SayAsync(Workspace workspace, string instance, bool json, CancellationToken cancellationToken)
    {
        var waits = await workspace.Runtime.PeopleAsync(instance, cancellationToken);
        var reasons = new List<string?>();
        foreach (var wait in waits) reasons.Add((await workspace.Runtime.GetAsync(wait.Instance, cancellationToken)).Open.FirstOrDefault(e => e.Id == wait.Execution)?.WaitsFor);
        var definition = (await workspace.Runtime.GetAsync(instance, cancellationToken)).Summary.DefinitionId;
        var store = workspace.Store == Settings.Store ? "" : $" --store {Quoted(workspace.Store)}";
        // Where all of it is somebody else's program, there is nothing to be answered here.
        var approvals = waits.Where(w => w.Promotion is not null).ToList();
        var isHere = waits.Count == 0 || waits.Any(w => w.Place is null && w.Promotion is null);
        var (export, answer) = ($"rlhf judgements export questions.jsonl{store}", $"rlhf judgements answer answers.jsonl{store}");
        var document = new JsonObject
        {
            ["instance"] = instance,
            ["definition"] = definition,
            ["status"] = "waitingForPeople",
            ["waits"] = new JsonArray([.. waits.Zip(reasons, (w, reason) => new JsonObject
            {
                ["instance"] = w.Instance, ["execution"] = w.Execution, ["judged"] = w.Judged, ["missing"] = w.Missing, ["place"] = w.Place, ["trouble"] = w.Trouble, ["promotion"] = w.Promotion, ["reason"] = reason,
            })]),
            ["commands"] = new JsonArray([.. (isHere ? new[] { export, answer } : []).Concat(approvals.Select(w => Approve(w, store))).Select(c => (JsonNode)c)]),
        };
        Output.Write(json, document, () =>
        {
            // Answers may have come since.
            if (waits.Count == 0) Console.Out.WriteLine($"{definition} {instance} waited for people, whose answers have come; the same command goes on with it.");
            foreach (var wait in approvals)
            {
                Console.Out.WriteLine($"{definition} {instance} waits for approval: {wait.Missing} of {wait.Judged + wait.Missing} people are missing for promotion {wait.Promotion}.");
                Console.Out.WriteLine($"  {Approve(wait, store)}");
            }
            foreach (var (wait, reason) in waits.Zip(reasons).Where(w => w.First.Promotion is null))
            {
                Console.Out.WriteLine($"{definition} {instance} waits for people at '{wait.Execution}': {wait.Missing} of {wait.Judged + wait.Missing} judgements are missing{(wait.Place is null ? "." : $", to be given at {wait.Place}{(wait.Trouble is null ? "" : $"; it could not be looked at: {wait.Trouble}")}")}");
                if (reason is not null && wait.Trouble is null) Console.Out.WriteLine($"  When it was last looked at: {reason}.");
            }
            if (!isHere)
            {
                Console.Out.WriteLine($"The same command again, or rlhf instances resume {instance}{store}, looks there and goes on; rlhf serve{store} does so by itself.");
                return;
            }
            Console.Out.WriteLine($"  {export}");
            Console.Out.WriteLine($"  {answer}");
            Console.Out.WriteLine($"  rlhf serve{store}");
            Console.Out.WriteLine($"The first writes the open questions, the second takes them with labeler and choice filled in; or the third serves them at /label, in the browser, and goes on by itself. Otherwise the same command again, or rlhf instances resume {instance}{store}, goes on.");
        });
        return ExitCodes.WaitingForPeople;
    }

    static string Approve(PeopleWait wait, string store) => $"rlhf promotions approve {wait.Promotion}{store}";

    static string Quoted(string text) => text.All(c => char.IsLetterOrDigit(c) || "/\\._-:".Contains(c, StringComparison.Ordinal)) ? text : $"'{text}'";
}
