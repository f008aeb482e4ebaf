using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Labeling;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;

namespace Rlhf.Server.Labeling;

/// <summary>The guidelines' examples as questions, before the first question of an axis.</summary>
static class QualifyingApi
{
    /// <summary>The examples of a labeler's next try, without what the guidelines say of them; the same until the try was answered.</summary>
    public static async Task GetAsync(HttpContext context)
    {
        var (site, labeler, cancellation) = LabelingApi.Of(context);
        var guidelines = LabelingApi.Current(site, $"{context.Request.Query["axis"]}", $"{context.Request.Query["version"]}");
        var next = guidelines.Examples.Count == 0 ? null : await site.Runtime.Queue.NextTryAsync(labeler, guidelines.Version, guidelines.Examples, cancellation);
        await Answers.WriteAsync(context, new JsonObject
        {
            ["qualified"] = next is null,
            ["try"] = next?.Number,
            ["needed"] = next?.Needed,
            ["examples"] = next is null ? null : new JsonArray([.. next.Examples.Select(e => new JsonObject
            {
                ["prompt"] = CanonicalJson.ToNode(Turn.User(e.Example.Prompt)),
                ["a"] = e.First,
                ["b"] = e.Second,
            })]),
        });
    }

    /// <summary>Takes the answers of a try; of one that was not good enough, what was wrong and what the guidelines say.</summary>
    public static async Task PostAsync(HttpContext context)
    {
        var body = await Answers.ReadAsync<QualifyBody>(context);
        var (site, labeler, cancellation) = LabelingApi.Of(context);
        var choices = body.Checked();
        var guidelines = LabelingApi.Current(site, body.Axis, body.Version);
        if (guidelines.Examples.Count == 0) throw new ArgumentException($"The guidelines for axis '{body.Axis}' have no examples that can be asked; expected some that have.");
        var outcome = await site.Runtime.Queue.QualifyAsync(labeler, guidelines.Version, guidelines.Examples, body.Try, choices, cancellation);
        await Answers.WriteAsync(context, new JsonObject
        {
            ["try"] = outcome.Number,
            ["right"] = outcome.Right,
            ["of"] = outcome.Said.Count,
            ["needed"] = outcome.Needed,
            ["qualified"] = outcome.IsQualified,
            ["wrong"] = new JsonArray([.. outcome.IsQualified ? [] : guidelines.Examples.Zip(outcome.Said).Where(e => !e.First.IsRight(e.Second)).Select(e => Wrong(e.First, e.Second))]),
        });
    }

    // With the sides as the guidelines have them: their words name these.
    static JsonObject Wrong(WorkedExample example, Choice said) => new()
    {
        ["title"] = example.Title,
        ["prompt"] = CanonicalJson.ToNode(Turn.User(example.Prompt)),
        ["a"] = example.A,
        ["b"] = example.B,
        ["said"] = LabelPage.TextOf(said),
        ["reason"] = example.Reason,
    };
}
