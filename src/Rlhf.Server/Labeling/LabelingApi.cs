using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime.Labeling;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Data;
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
            var found = site.Guidelines.Find(axis);
            var isRead = found is null || await site.Runtime.Queue.HasAcknowledgedAsync(labeler, axis, found.Version.Version, cancellation);
            var isQualified = await IsQualifiedAsync(site, labeler, found, cancellation);
            if (isRead && isQualified) axes.Add(axis);
            guidelines.Add(new JsonObject { ["axis"] = axis, ["version"] = found?.Version.Version, ["acknowledged"] = isRead, ["qualified"] = isQualified });
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
        await CheckAsync(site, labeler, answer, cancellation);
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
        var guidelines = Current(site, body.Axis, body.Version).Version;
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

    /// <summary>The guidelines that a labeler speaks of.</summary>
    /// <exception cref="ArgumentException">The axis has none.</exception>
    /// <exception cref="InvalidOperationException">They have changed since.</exception>
    internal static ReadableGuidelines Current(Site site, string axis, string version)
    {
        var guidelines = site.Guidelines.Find(axis) ?? throw new ArgumentException($"Axis '{Texts.Short(axis)}' has no guidelines; expected one that has.");
        return guidelines.Version.Version == version ? guidelines
            : throw new InvalidOperationException($"The guidelines are version {guidelines.Version.Version} by now, not '{Texts.Short(version)}'; reload the page and read them again.");
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
    static async Task CheckAsync(Site site, string labeler, LabelerAnswer answer, CancellationToken cancellation)
    {
        var questions = await site.Runtime.Desk.FindAsync([answer.Item], cancellation);
        if (!questions.TryGetValue(answer.Item, out var question)) throw new ArgumentException($"'item' is '{answer.Item}'; expected a question of this store.");
        var axis = question.Question.Axis;
        CheckSafety(axis, answer);
        var current = site.Guidelines.Find(axis);
        if (answer.Guidelines is null && current is null) return;
        if (answer.Guidelines is null || !await site.Runtime.Queue.HasAcknowledgedAsync(labeler, axis, answer.Guidelines, cancellation))
            throw new InvalidOperationException($"'guidelines' is '{answer.Guidelines}', which {labeler} has not acknowledged for axis '{axis}'; expected a version that was read.");
        if (current is not null && answer.Guidelines == current.Version.Version && !await IsQualifiedAsync(site, labeler, current, cancellation))
            throw new InvalidOperationException($"{labeler} has not qualified on the examples of the guidelines for axis '{axis}'; expected that before the first answer.");
    }

    static void CheckSafety(string axis, LabelerAnswer answer)
    {
        if (axis == Safeties.Axis && (answer.SafeFirst is null || answer.SafeSecond is null))
            throw new ArgumentException($"'{(answer.SafeFirst is null ? "safeA" : "safeB")}' is missing; expected {string.Join(", ", Safeties.All)} for both sides of a question of the axis '{axis}'.");
        if (axis != Safeties.Axis && (answer.SafeFirst is not null || answer.SafeSecond is not null))
            throw new ArgumentException($"'{(answer.SafeFirst is not null ? "safeA" : "safeB")}' was not asked on the axis '{axis}'; expected it on '{Safeties.Axis}' alone.");
    }

    /// <summary>True where the labeler knows these guidelines, or they have nothing to be asked.</summary>
    internal static async Task<bool> IsQualifiedAsync(Site site, string labeler, ReadableGuidelines? guidelines, CancellationToken cancellation) =>
        guidelines is null || guidelines.Examples.Count == 0
        || await site.Runtime.Queue.HasQualifiedAsync(labeler, guidelines.Version.Axis, guidelines.Version.Version, cancellation);

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

    internal static (Site Site, string Labeler, CancellationToken Cancellation) Of(HttpContext context) =>
        (context.RequestServices.GetRequiredService<Site>(), Caller.Of(context)!.Name, context.RequestAborted);
}
