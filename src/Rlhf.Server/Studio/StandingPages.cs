using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime;
using Rlhf.Runtime.Instances;
using Rlhf.Runtime.Labeling;
using Rlhf.Runtime.Library;
using Rlhf.Runtime.Lint;
using Rlhf.Server.Access;
using Rlhf.Server.Artifacts;
using Rlhf.Server.Hosting;
using Rlhf.Server.Labeling;
using Rlhf.Server.Pages;

namespace Rlhf.Server.Studio;

/// <summary>How an instance stands: what runs and how far, which people are waited for, what failed, and what its steps made.</summary>
public sealed record InstanceState(InstanceDetails Details, IReadOnlyList<PeopleWait> People)
{
    /// <summary>The events that a person can answer it by.</summary>
    public IReadOnlyList<Checkpoint> Checkpoints { get; init; } = [];

    /// <summary>The steps that are done, in the order of their starts.</summary>
    public IReadOnlyList<FinishedStep> Steps { get; init; } = [];

    /// <summary>Its page on the tracking server; null where nothing of it was delivered.</summary>
    public Uri? Run { get; init; }
}

/// <summary>How a definition stands: its newest version, and what the lint says of it.</summary>
public sealed record DefinitionState(WorkflowVersion Version, IReadOnlyList<Finding> Findings);

/// <summary>
/// What stands above Studio's editor and viewer, which have no place for it: the state as this server knows it, shown once with the page and asked for again by
/// it; and the buttons that Studio's elements lack.
/// </summary>
static class StandingPages
{
    /// <summary>Null where there is no such instance.</summary>
    public static async Task<InstanceState?> InstanceAsync(HttpContext context, string id)
    {
        var (site, runtime) = (context.RequestServices.GetRequiredService<Site>(), RuntimeOf(context));
        if (await runtime.Instances.FindAsync(id, context.RequestAborted) is not { } record) return null;
        var people = await runtime.PeopleAsync(id, context.RequestAborted);
        var tracked = site.Options.Tracked is { } ask ? await ask(id, context.RequestAborted) : new Dictionary<string, Uri>();
        return new(await runtime.GetAsync(id, context.RequestAborted), people)
        {
            Checkpoints = Checkpoint.Of(record, site.Time.GetUtcNow()),
            Steps = await FinishedStep.AllOfAsync(record, people, context.RequestServices.GetRequiredService<StoredRecords>(), tracked, context.RequestAborted),
            Run = tracked.GetValueOrDefault(id),
        };
    }

    /// <summary>Null where there is no such definition.</summary>
    public static async Task<DefinitionState?> DefinitionAsync(HttpContext context, string id)
    {
        var library = RuntimeOf(context).Library;
        return await library.GetAsync(id, VersionOptions.Latest, context.RequestAborted) is { } version ? new(version, library.Lint(version)) : null;
    }

    public static async Task OfInstanceAsync(HttpContext context) =>
        await WriteAsync<InstanceStanding>(context, await InstanceAsync(context, IdOf(context)), nameof(InstanceStanding.State), $"There is no instance '{IdOf(context)}'.");

    public static async Task OfDefinitionAsync(HttpContext context) =>
        await WriteAsync<DefinitionStanding>(context, await DefinitionAsync(context, IdOf(context)), nameof(DefinitionStanding.State), $"There is no workflow '{IdOf(context)}'.");

    /// <summary>A person's word at a checkpoint, which goes on by it.</summary>
    public static async Task AnswerAsync(HttpContext context)
    {
        var form = await Answers.ReadFormAsync(context, "a form with execution, answer and comment");
        var (execution, answer, comment) = ($"{form["execution"]}", $"{form["answer"]}", $"{form["comment"]}".Trim());
        if (comment.Length > LongestComment || answer.Length > LongestComment) throw new ArgumentException($"'{(comment.Length > LongestComment ? "comment" : "answer")}' has more than {LongestComment} characters.");
        await DoAsync(context, async (runtime, id) =>
        {
            if (await runtime.Instances.FindAsync(id, context.RequestAborted) is not { } record) throw new ArgumentException($"There is no instance '{id}'.");
            var checkpoint = Checkpoint.Of(record, record.Summary.UpdatedAt).FirstOrDefault(c => c.Execution == execution)
                ?? throw new ArgumentException($"'{Texts.Short(execution)}' waits for no answer, or has one by now; nothing was sent.");
            var choice = checkpoint.Choices.FirstOrDefault(c => c.Outcome == answer);
            if (choice is null && checkpoint.Choices.Count > 0)
                throw new ArgumentException($"'answer' is '{Texts.Short(answer)}'; expected {string.Join(" or ", checkpoint.Choices.Select(c => c.Outcome))}.");
            var payload = new JsonObject { [Checkpoint.Answer] = choice?.Answer.DeepClone() ?? answer, ["by"] = Caller.Of(context)!.Name };
            if (comment.Length > 0) payload["comment"] = comment;
            await runtime.AnswerAsync(id, execution, payload, context.RequestAborted);
        });
    }

    const int LongestComment = 2000;

    public static Task RetryAsync(HttpContext context) => DoAsync(context, (runtime, id) => runtime.RetryAsync(id, cancellationToken: context.RequestAborted));

    public static Task CancelAsync(HttpContext context) => DoAsync(context, (runtime, id) => runtime.CancelAsync(id, context.RequestAborted));

    static async Task DoAsync(HttpContext context, Func<WorkflowRuntime, string, Task> act)
    {
        string? error = null;
        try
        {
            await act(RuntimeOf(context), IdOf(context));
        }
        catch (ArgumentException e)
        {
            // It is in no state for that, or no longer: the page says which it is in.
            error = e.Message;
        }
        if (error is not null)
        {
            await StudioPages.ShowInstanceAsync(context, error);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = StudioPages.InstanceAt(IdOf(context));
    }

    static Task WriteAsync<TStanding>(HttpContext context, object? state, string parameter, string nothing) where TStanding : IComponent =>
        state is null ? Answers.ErrorAsync(context, StatusCodes.Status404NotFound, nothing) : Html.WriteAsync<TStanding>(context, new() { [parameter] = state });

    static string IdOf(HttpContext context) => $"{context.Request.RouteValues["id"]}";

    static WorkflowRuntime RuntimeOf(HttpContext context) => context.RequestServices.GetRequiredService<Site>().Runtime;
}
