using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime.Labeling;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;

namespace Rlhf.Server.Labeling;

/// <summary>Questions, answers and remarks of who asks. An answer is acknowledged only when it is durable.</summary>
static class LabelingApi
{
    /// <summary>Questions that one labeler may have in hand, so that the page goes on without connection for a while.</summary>
    public const int MostInHand = 5;

    /// <summary>What the labeler has in hand and as many new questions as are asked for, where the guidelines were read; and where the labeler stands.</summary>
    public static async Task AssignAsync(HttpContext context)
    {
        var body = await Answers.ReadAsync<AssignBody>(context);
        if (body.Count is < 1 or > MostInHand) throw new ArgumentException($"'count' is {body.Count}; expected 1 to {MostInHand}.");
        var (site, labeler, cancellation) = Of(context);
        var (axes, guidelines) = (new List<string>(), new JsonArray());
        foreach (var axis in await site.Runtime.Queue.AxesAsync(labeler, cancellation))
        {
            var version = site.Guidelines.Find(axis)?.Version;
            var isRead = version is null || await site.Runtime.Queue.HasAcknowledgedAsync(labeler, axis, version.Version, cancellation);
            if (isRead) axes.Add(axis);
            guidelines.Add(new JsonObject { ["axis"] = axis, ["version"] = version?.Version, ["acknowledged"] = isRead });
        }
        var assignments = await site.Runtime.Queue.AssignAsync(labeler, body.Count, axes, cancellation);
        await Answers.WriteAsync(context, new JsonObject
        {
            ["assignments"] = new JsonArray([.. assignments.Select(Document)]),
            ["guidelines"] = guidelines,
            ["progress"] = Document(await site.Runtime.Queue.ProgressAsync(labeler, cancellation)),
        });
    }

    public static async Task AnswerAsync(HttpContext context)
    {
        var body = await Answers.ReadAsync<AnswerBody>(context);
        var (site, labeler, cancellation) = Of(context);
        var answer = body.Checked(labeler);
        await CheckGuidelinesAsync(site, labeler, answer, cancellation);
        var fate = await site.Runtime.Queue.AnswerAsync(labeler, answer, cancellation);
        await Answers.WriteAsync(context, new JsonObject { ["key"] = answer.Key, ["fate"] = CanonicalJson.ToNode(fate) });
    }

    public static async Task UndoAsync(HttpContext context)
    {
        var body = await Answers.ReadAsync<UndoBody>(context);
        var (site, labeler, cancellation) = Of(context);
        var assignment = await site.Runtime.Queue.UndoAsync(labeler, Texts.Key(body.Answer), cancellation);
        await Answers.WriteAsync(context, new JsonObject
        {
            ["assignment"] = assignment is null ? null : Document(assignment),
            ["progress"] = Document(await site.Runtime.Queue.ProgressAsync(labeler, cancellation)),
        });
    }

    public static Task SkipAsync(HttpContext context) => RemarkAsync(context, RemarkKind.Skip);

    public static Task FlagAsync(HttpContext context) => RemarkAsync(context, RemarkKind.Flag);

    public static async Task AcknowledgeAsync(HttpContext context)
    {
        var body = await Answers.ReadAsync<AcknowledgeBody>(context);
        var (site, labeler, cancellation) = Of(context);
        var guidelines = site.Guidelines.Find(body.Axis)?.Version ?? throw new ArgumentException($"Axis '{body.Axis}' has no guidelines; expected one that has.");
        if (guidelines.Version != body.Version)
            throw new InvalidOperationException($"The guidelines are version {guidelines.Version} by now, not '{body.Version}'; reload the page and read them again.");
        await site.Runtime.Queue.UseAsync(guidelines, cancellation);
        await site.Runtime.Queue.AcknowledgeAsync(labeler, guidelines.Axis, guidelines.Version, cancellation);
        await Answers.WriteAsync(context, new JsonObject { ["axis"] = guidelines.Axis, ["version"] = guidelines.Version });
    }

    public static async Task ProgressAsync(HttpContext context)
    {
        var (site, labeler, cancellation) = Of(context);
        var progress = Document(await site.Runtime.Queue.ProgressAsync(labeler, cancellation));
        progress["labeler"] = labeler;
        await Answers.WriteAsync(context, progress);
    }

    static async Task RemarkAsync(HttpContext context, RemarkKind kind)
    {
        var body = await Answers.ReadAsync<RemarkBody>(context);
        var (site, labeler, cancellation) = Of(context);
        var remark = body.Checked(labeler, kind);
        await site.Runtime.Queue.RemarkAsync(labeler, remark, cancellation);
        await Answers.WriteAsync(context, new JsonObject { ["key"] = remark.Key });
    }

    // The version that the labeler had when answering may be an earlier one by now: the answer may have waited for a connection.
    static async Task CheckGuidelinesAsync(Site site, string labeler, LabelerAnswer answer, CancellationToken cancellation)
    {
        var questions = await site.Runtime.Desk.FindAsync([answer.Item], cancellation);
        if (!questions.TryGetValue(answer.Item, out var question)) throw new ArgumentException($"'item' is '{answer.Item}'; expected a question of this store.");
        var axis = question.Question.Axis;
        if (answer.Guidelines is null && site.Guidelines.Find(axis) is null) return;
        if (answer.Guidelines is null || !await site.Runtime.Queue.HasAcknowledgedAsync(labeler, axis, answer.Guidelines, cancellation))
            throw new InvalidOperationException($"'guidelines' is '{answer.Guidelines}', which {labeler} has not acknowledged for axis '{axis}'; expected a version that was read.");
    }

    /// <summary>An assignment as its labeler sees it: A is what is shown first, and nothing says who wrote it.</summary>
    static JsonObject Document(Assignment assignment) => new()
    {
        ["item"] = assignment.Item,
        ["axis"] = assignment.Question.Axis,
        ["prompt"] = CanonicalJson.ToNode(assignment.Question.Prompt),
        ["a"] = assignment.First,
        ["b"] = assignment.Second,
        ["leasedUntil"] = assignment.LeasedUntil.ToString("O"),
    };

    static JsonObject Document(LabelerProgress progress) => new()
    {
        ["answered"] = progress.Answered,
        ["left"] = progress.Left,
        ["last"] = progress.Last is not { } last ? null : new JsonObject { ["key"] = last.Key, ["item"] = last.Item, ["canUndo"] = last.CanUndo },
    };

    static (Site Site, string Labeler, CancellationToken Cancellation) Of(HttpContext context) =>
        (context.RequestServices.GetRequiredService<Site>(), Caller.Of(context)!.Name, context.RequestAborted);
}
